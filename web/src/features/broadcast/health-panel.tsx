/** How well the broadcast reaches the server. */
import { useTranslation } from "react-i18next";
import type { PublisherStats } from "../../media/stats";
import { type Figure, Figures } from "../../ui/figures";
import { useLocale } from "../../ui/i18n/locale";
import { bitrate, percent } from "../../ui/numbers";
import { Card } from "../../ui/page";
import { Sparkline } from "../../ui/sparkline";

/** Seconds of the plots. */
const PLOT_S = 60;

interface Trend {
  figure: Figure;
  values: number[];
  /** The plot's scale reaches at least to this, so that nothing looks like much. */
  least: number;
}

/** The last minute of bitrate, loss and round trip, and the last measurement of the rest. */
export function HealthPanel({ history }: { history: PublisherStats[] }) {
  const { t } = useTranslation();
  const trends = useTrends(history);
  const figures = useFigures(history.at(-1));
  return (
    <Card className="grid gap-3 p-4 max-sm:mx-4 sm:p-5">
      <h2 className="font-semibold">{t("broadcast.quality")}</h2>
      {history.length === 0 ? (
        <p className="text-sm text-muted">{t("broadcast.qualityHint")}</p>
      ) : (
        <>
          <div className="grid gap-3">
            {trends.map(({ figure, values, least }) => (
              <div key={figure.id}>
                <Figures figures={[figure]} />
                <div className="mt-1 text-primary [&_svg]:h-8">
                  <Sparkline
                    values={values}
                    capacity={PLOT_S}
                    least={least}
                    label={t("broadcast.trend", { name: figure.name })}
                  />
                </div>
              </div>
            ))}
          </div>
          <Figures figures={figures} />
        </>
      )}
    </Card>
  );
}

function useTrends(history: PublisherStats[]): Trend[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const none = t("common.none");
  const now = history.at(-1);
  const total = (one: PublisherStats) => one.videoBps + one.audioBps;
  return [
    {
      figure: {
        id: "bitrate",
        name: t("stats.bitrate"),
        value: now ? bitrate(total(now), locale) : none,
        raw: now ? total(now) : null,
      },
      values: history.map(total),
      least: 500_000,
    },
    {
      figure: {
        id: "loss",
        name: t("stats.loss"),
        value: now?.lossRatio == null ? none : percent(now.lossRatio, locale),
        raw: now?.lossRatio ?? null,
      },
      values: history.map((one) => one.lossRatio ?? 0),
      least: 0.05,
    },
    {
      figure: {
        id: "rtt",
        name: t("stats.rtt"),
        value: now?.rttMs == null ? none : t("stats.ms", { value: now.rttMs }),
        raw: now?.rttMs ?? null,
      },
      values: history.map((one) => one.rttMs ?? 0),
      least: 100,
    },
  ];
}

function useFigures(stats: PublisherStats | undefined): Figure[] {
  const { t } = useTranslation();
  const none = t("common.none");
  const limit = (["none", "cpu", "bandwidth", "other"] as const).find((name) => name === stats?.limitedBy);
  return [
    {
      id: "size",
      name: t("stats.picture"),
      value: stats?.width ? `${stats.width} × ${stats.height}` : none,
      raw: stats?.width ?? null,
    },
    {
      id: "sizes",
      name: t("broadcast.sizes"),
      value: stats?.heights.map((height) => `${height}p`).join(", ") || none,
      raw: stats?.heights.length ?? null,
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
