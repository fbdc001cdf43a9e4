/** What the keys do: behind `?`, and behind a button that shows itself to those who come by Tab. */
import { useTranslation } from "react-i18next";
import { Dialog } from "../../ui/dialog";
import { useStageElement } from "./stage";

interface KeysHelpProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  seekable: boolean;
  captions: boolean;
  stats: boolean;
}

/** The keys of the present player only. */
export function KeysHelp({ open, onOpenChange, seekable, captions, stats }: KeysHelpProps) {
  const { t } = useTranslation();
  const stage = useStageElement();
  const keys: [string[], string][] = [
    [[t("watch.keys.space"), "K"], t("watch.keys.play")],
    [["M"], t("watch.keys.sound")],
    [["↑", "↓"], t("watch.controls.volume")],
    ...(seekable ? [[["←", "→"], t("watch.keys.seek")] satisfies [string[], string]] : []),
    [["F"], t("watch.controls.fullscreen")],
    [["P"], t("watch.controls.pip")],
    ...(captions ? [[["C"], t("watch.keys.captions")] satisfies [string[], string]] : []),
    ...(stats ? [[["I"], t("watch.controls.stats")] satisfies [string[], string]] : []),
    [["?"], t("watch.keys.help")],
  ];
  return (
    <Dialog
      title={t("watch.keys.title")}
      description={t("watch.keys.hint")}
      open={open}
      onOpenChange={onOpenChange}
      container={stage}
      trigger={
        <button
          type="button"
          className="sr-only text-sm focus:not-sr-only focus:rounded-full focus:px-3 focus:py-2 focus-visible:outline-white"
        >
          {t("watch.keys.title")}
        </button>
      }
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">
        {keys.map(([names, deed]) => (
          <div key={deed} className="contents">
            <dt className="flex gap-1">
              {names.map((name) => (
                <kbd key={name} className="min-w-7 rounded border border-edge px-1.5 text-center font-sans">
                  {name}
                </kbd>
              ))}
            </dt>
            <dd>{deed}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
