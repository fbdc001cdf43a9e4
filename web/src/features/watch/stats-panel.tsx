/** What is wrong with the live connection, in plain words, and its numbers; over the picture. */
import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { diagnose, type Facts, report } from "../../media/diagnosis";
import type { ViewerStats } from "../../media/stats";
import { CopyButton } from "../../ui/copy-button";
import { type Figure, Figures } from "../../ui/figures";
import { useLocale } from "../../ui/i18n/locale";
import { bitrate, percent } from "../../ui/numbers";
import { Sparkline } from "../../ui/sparkline";
import { ICON } from "./controls";

/** Seconds of the plot. */
const PLOT_S = 60;

/** Shows the finding, the last measurement and a plot of the last minute. */
export function StatsPanel({ facts, onClose }: { facts: Facts; onClose: () => void }) {
  const { t } = useTranslation();
  const { history } = facts;
  const figures = useFigures(history.at(-1));
  const finding = diagnose(facts);
  const text = report(facts, { page: location.pathname, at: new Date().toISOString(), browser: navigator.userAgent });
  return (
    <section
      aria-label={t("stats.title")}
      className="absolute top-2 right-2 z-30 max-h-[calc(100%-1rem)] w-72 max-w-[calc(100%-1rem)] overflow-y-auto rounded-xl bg-black/80 p-3 backdrop-blur-sm"
    >
      <div className="mb-1 flex items-center justify-between">
        <h2 className="text-sm font-semibold">{t("stats.title")}</h2>
        <button type="button" className={ICON} aria-label={t("stats.close")} onClick={onClose}>
          <X />
        </button>
      </div>
      <div role="status" data-finding={finding} className="mb-2 rounded-lg bg-white/10 p-2 text-sm">
        <p className="font-semibold">{t(`diagnosis.${finding}.title`)}</p>
        <p>{t(`diagnosis.${finding}.hint`)}</p>
      </div>
      {facts.delayed ? null : (
        <>
          <Figures figures={figures} />
          <div className="mt-2">
            <Sparkline values={history.map((one) => one.videoBps)} capacity={PLOT_S} label={t("stats.trend")} />
          </div>
        </>
      )}
      <div className="mt-2 flex items-center justify-between gap-2 text-sm">
        {t("diagnosis.report")}
        <CopyButton text={text} label={t("diagnosis.copy")} />
      </div>
    </section>
  );
}

function useFigures(stats: ViewerStats | undefined): Figure[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const none = t("common.none");
  const ms = (value: number | null | undefined) => (value == null ? none : t("stats.ms", { value }));
  const total = (stats?.videoBps ?? 0) + (stats?.audioBps ?? 0);
  return [
    {
      id: "size",
      name: t("stats.picture"),
      value: stats?.width ? `${stats.width} × ${stats.height}` : none,
      raw: stats?.width ?? null,
    },
    {
      id: "fps",
      name: t("stats.frames"),
      value: stats?.fps == null ? none : t("stats.fps", { count: Math.round(stats.fps) }),
      raw: stats?.fps ?? null,
    },
    {
      id: "codecs",
      name: t("stats.codecs"),
      value: [stats?.videoCodec, stats?.audioCodec].filter(Boolean).join(", ") || none,
    },
    { id: "bitrate", name: t("stats.bitrate"), value: bitrate(total, locale), raw: total },
    {
      id: "loss",
      name: t("stats.loss"),
      value: stats?.lossRatio == null ? none : percent(stats.lossRatio, locale),
      raw: stats?.lossRatio ?? null,
    },
    { id: "rtt", name: t("stats.rtt"), value: ms(stats?.rttMs), raw: stats?.rttMs ?? null },
    { id: "buffer", name: t("stats.buffer"), value: ms(stats?.bufferMs), raw: stats?.bufferMs ?? null },
    {
      id: "freezes",
      name: t("stats.freezes"),
      value: t("stats.freezesValue", {
        count: stats?.freezes ?? 0,
        seconds: ((stats?.frozenMs ?? 0) / 1000).toFixed(1),
      }),
      raw: stats?.freezes ?? null,
    },
    { id: "path", name: t("stats.path"), value: stats?.transport?.toUpperCase() ?? none },
  ];
}
