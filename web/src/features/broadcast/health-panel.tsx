/** How well the broadcast reaches the server. */
import { useTranslation } from "react-i18next";
import type { PublisherStats } from "../../media/stats";
import { type Figure, Figures } from "../../ui/figures";
import { useLocale } from "../../ui/i18n/locale";
import { bitrate, percent } from "../../ui/numbers";
import { Card } from "../../ui/page";
import { Sparkline } from "../../ui/sparkline";

/** Seconds of the plot. */
const PLOT_S = 60;

/** The last measurement and a plot of the last minute. */
export function HealthPanel({ history }: { history: PublisherStats[] }) {
  const { t } = useTranslation();
  const figures = useFigures(history.at(-1));
  return (
    <Card className="grid gap-3 p-4 max-sm:mx-4 sm:p-5">
      <h2 className="font-semibold">{t("broadcast.quality")}</h2>
      {history.length === 0 ? (
        <p className="text-sm text-muted">{t("broadcast.qualityHint")}</p>
      ) : (
        <>
          <div className="text-primary">
            <Sparkline values={history.map((one) => one.videoBps)} capacity={PLOT_S} label={t("stats.trend")} />
          </div>
          <Figures figures={figures} />
        </>
      )}
    </Card>
  );
}

function useFigures(stats: PublisherStats | undefined): Figure[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const none = t("common.none");
  const total = (stats?.videoBps ?? 0) + (stats?.audioBps ?? 0);
  const limit = (["none", "cpu", "bandwidth", "other"] as const).find((name) => name === stats?.limitedBy);
  return [
    { id: "bitrate", name: t("stats.bitrate"), value: bitrate(total, locale), raw: total },
    {
      id: "loss",
      name: t("stats.loss"),
      value: stats?.lossRatio == null ? none : percent(stats.lossRatio, locale),
      raw: stats?.lossRatio ?? null,
    },
    {
      id: "rtt",
      name: t("stats.rtt"),
      value: stats?.rttMs == null ? none : t("stats.ms", { value: stats.rttMs }),
      raw: stats?.rttMs ?? null,
    },
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
    { id: "limit", name: t("stats.limited"), value: limit ? t(`stats.limits.${limit}`) : none },
  ];
}
