/** How one class went. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft, Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type Analytics, analyticsQuery, csvUrl } from "../../api/analytics";
import { ownSessionQuery } from "../../api/instructor";
import { buttonClass } from "../../ui/button";
import { ClassTime } from "../../ui/class-time";
import { useLocale } from "../../ui/i18n/locale";
import { useLength } from "../../ui/length";
import { Card, Page } from "../../ui/page";
import { StatTile } from "../../ui/stat-tile";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { TimePlot } from "../../ui/time-plot";
import { useTokens } from "../../ui/tokens";

const route = getRouteApi("/instructor/streams/$id/analytics");

/** `/instructor/streams/{id}/analytics` */
export function AnalyticsPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const session = useQuery(ownSessionQuery(id));
  const analytics = useQuery(analyticsQuery(id));
  const failed = [session, analytics].find((query) => query.isError && query.data === undefined);
  const title = session.data?.title ?? t("analytics.title");
  return (
    <Page
      title={title}
      lead={t("analytics.lead")}
      actions={
        <>
          <Link to="/instructor/streams" className={buttonClass({ variant: "secondary" })}>
            <ArrowLeft aria-hidden="true" />
            {t("broadcast.back")}
          </Link>
          <a href={csvUrl(id)} download className={buttonClass({ variant: "secondary" })}>
            <Download aria-hidden="true" />
            {t("analytics.csv")}
          </a>
        </>
      }
    >
      {session.data ? (
        <div className="mb-4">
          <ClassTime start={session.data.scheduledDate} minutes={session.data.duration} zone={session.data.timeZone} />
        </div>
      ) : null}
      {failed ? <ErrorState error={failed.error} onRetry={() => void failed.refetch()} /> : null}
      {!failed && !analytics.data ? (
        <Loading>
          <Skeleton className="h-24" />
          <Skeleton className="mt-4 h-72" />
        </Loading>
      ) : null}
      {analytics.data ? <Numbers analytics={analytics.data} /> : null}
    </Page>
  );
}

function Numbers({ analytics }: { analytics: Analytics }) {
  const { t } = useTranslation();
  const groups = useGroups(analytics);
  return (
    <div className="grid gap-6">
      <Card className="p-4 sm:p-5">
        <TimePlot
          title={t("analytics.viewersOverTime")}
          points={analytics.points.map(({ at, viewers }) => ({ at: Date.parse(at), value: viewers }))}
        />
      </Card>
      {groups.map(({ name, tiles }) => (
        <section key={name} aria-label={name}>
          <h2 className="mb-2 text-lg font-semibold">{name}</h2>
          <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5">
            {tiles.map((tile) => (
              <StatTile key={tile.id} {...tile} />
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}

function useGroups(analytics: Analytics) {
  const { t } = useTranslation();
  const locale = useLocale();
  const length = useLength();
  const tokens = useTokens();
  const count = (id: CountName) => ({
    id,
    name: t(`analytics.${id}`),
    value: analytics[id].toLocaleString(locale),
    raw: analytics[id],
  });
  return [
    {
      name: t("analytics.live"),
      tiles: [
        count("peakViewers"),
        count("uniqueViewers"),
        count("joins"),
        count("leaves"),
        {
          id: "averageWatch",
          name: t("analytics.averageWatch"),
          value: length(analytics.averageWatchSeconds),
          raw: analytics.averageWatchSeconds,
        },
      ],
    },
    {
      name: t("analytics.conversation"),
      tiles: [count("chatMessages"), count("chatters"), count("pollVotes"), count("questions"), count("reactions")],
    },
    {
      name: t("analytics.result"),
      tiles: [
        count("enrolments"),
        {
          id: "revenue",
          name: t("broadcast.revenue"),
          value: tokens(analytics.revenueTokens),
          raw: analytics.revenueTokens,
        },
        count("replayViews"),
        { id: "replayTime", name: t("analytics.replayTime"), value: length(analytics.replaySeconds) },
      ],
    },
  ];
}

type CountName =
  | "peakViewers"
  | "uniqueViewers"
  | "joins"
  | "leaves"
  | "chatMessages"
  | "chatters"
  | "pollVotes"
  | "questions"
  | "reactions"
  | "enrolments"
  | "replayViews";
