/** Quality and speed. */
import { Check, Settings } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";
import { useLocale } from "../../ui/i18n/locale";
import { ICON } from "./controls";
import { useStageElement } from "./stage";

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];

/** One thing that can be chosen. */
interface Choice {
  value: string;
  label: string;
}

/** What is chosen among what, and how another is. */
interface Choosing {
  choices: Choice[];
  value: string;
  onChange: (value: string) => void;
}

interface SettingsMenuProps {
  quality: Choosing;
  /** Only of what is not watched as it happens. */
  speed?: { value: number; onChange: (speed: number) => void };
  onOpen?: () => void;
}

/** A gear with what can be set; quality only where there is a choice, unless there is nothing else. */
export function SettingsMenu({ quality, speed, onOpen }: SettingsMenuProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const stage = useStageElement();
  const speeds = SPEEDS.map((value) => ({ value: String(value), label: `${value.toLocaleString(locale)}×` }));
  const showsQuality = quality.choices.length > 1 || !speed;
  const label = showsQuality ? t("watch.controls.quality") : t("watch.controls.speed");
  return (
    <DropdownMenu.Root modal={false} onOpenChange={(open) => open && onOpen?.()}>
      <DropdownMenu.Trigger className={ICON} aria-label={label} title={label}>
        <Settings />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal container={stage}>
        <DropdownMenu.Content
          side="top"
          align="end"
          sideOffset={8}
          className="z-40 max-h-(--radix-dropdown-menu-content-available-height) min-w-40 overflow-y-auto rounded-xl bg-black/90 p-1.5 text-white"
        >
          {showsQuality ? <Choices title={t("watch.controls.quality")} choosing={quality} /> : null}
          {speed ? (
            <Choices
              title={t("watch.controls.speed")}
              choosing={{
                choices: speeds,
                value: String(speed.value),
                onChange: (value) => speed.onChange(Number(value)),
              }}
            />
          ) : null}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Choices({ title, choosing }: { title: string; choosing: Choosing }) {
  return (
    <DropdownMenu.RadioGroup value={choosing.value} onValueChange={choosing.onChange}>
      <DropdownMenu.Label className="px-3 py-1 text-xs opacity-80">{title}</DropdownMenu.Label>
      {choosing.choices.map((choice) => (
        <DropdownMenu.RadioItem
          key={choice.value}
          value={choice.value}
          className="flex min-h-9 items-center justify-between gap-4 rounded-lg px-3 text-sm outline-none data-highlighted:bg-white/20"
        >
          {choice.label}
          <DropdownMenu.ItemIndicator>
            <Check className="size-4" aria-hidden="true" />
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}
