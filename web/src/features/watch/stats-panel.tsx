/** Numbers about the live connection, over the picture. */
import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ViewerStats } from "../../media/stats";
import { type Figure, Figures } from "../../ui/figures";
import { useLocale } from "../../ui/i18n/locale";
import { bitrate, percent } from "../../ui/numbers";
import { Sparkline } from "../../ui/sparkline";
import { ICON } from "./controls";

/** Seconds of the plot. */
const PLOT_S = 60;

/** Shows the last measurement and a plot of the last minute. */
export function StatsPanel({ history, onClose }: { history: ViewerStats[]; onClose: () => void }) {
  const { t } = useTranslation();
  const figures = useFigures(history.at(-1));
  return (
    <aside
      aria-label={t("stats.title")}
      className="absolute top-2 right-2 z-30 max-h-[calc(100%-1rem)] w-72 max-w-[calc(100%-1rem)] overflow-y-auto rounded-xl bg-black/80 p-3 backdrop-blur-sm"
    >
      <div className="mb-1 flex items-center justify-between">
        <h2 className="text-sm font-semibold">{t("stats.title")}</h2>
        <button type="button" className={ICON} aria-label={t("stats.close")} onClick={onClose}>
          <X />
        </button>
      </div>
      <Figures figures={figures} />
      <div className="mt-2">
        <Sparkline values={history.map((one) => one.videoBps)} capacity={PLOT_S} label={t("stats.trend")} />
      </div>
    </aside>
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
