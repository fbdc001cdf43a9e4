/** Quality and speed of a replay. */
import { Check, Settings } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";
import { AUTOMATIC, type Rendition } from "../../media/replay-engine";
import { useLocale } from "../../ui/i18n/locale";
import { ICON } from "./controls";
import { useStageElement } from "./stage";

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];

interface SettingsMenuProps {
  renditions: Rendition[];
  chosen: number;
  onChoose: (index: number) => void;
  speed: number;
  onSpeed: (speed: number) => void;
}

/** A gear with what can be set; quality only where there is a choice. */
export function SettingsMenu({ renditions, chosen, onChoose, speed, onSpeed }: SettingsMenuProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const stage = useStageElement();
  const qualities = [
    { value: AUTOMATIC, label: t("watch.controls.automatic") },
    ...renditions.map(({ index, height }) => ({ value: index, label: `${height}p` })),
  ];
  const speeds = SPEEDS.map((value) => ({ value, label: `${value.toLocaleString(locale)}×` }));
  const label = renditions.length > 1 ? t("watch.controls.quality") : t("watch.controls.speed");
  return (
    <DropdownMenu.Root modal={false}>
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
          {renditions.length > 1 ? (
            <Choices title={t("watch.controls.quality")} choices={qualities} value={chosen} onChange={onChoose} />
          ) : null}
          <Choices title={t("watch.controls.speed")} choices={speeds} value={speed} onChange={onSpeed} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface ChoicesProps {
  title: string;
  choices: { value: number; label: string }[];
  value: number;
  onChange: (value: number) => void;
}

function Choices({ title, choices, value, onChange }: ChoicesProps) {
  return (
    <DropdownMenu.RadioGroup value={String(value)} onValueChange={(next) => onChange(Number(next))}>
      <DropdownMenu.Label className="px-3 py-1 text-xs opacity-80">{title}</DropdownMenu.Label>
      {choices.map((choice) => (
        <DropdownMenu.RadioItem
          key={choice.value}
          value={String(choice.value)}
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
