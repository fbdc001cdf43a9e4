/** All classes together: totals, revenue by class, and which times of the week are popular. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BarChart3, Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import { csvUrl, type Overview, overviewQuery } from "../../api/analytics";
import { ownSessionsQuery } from "../../api/instructor";
import type { OwnSession } from "../../api/types";
import { buttonClass } from "../../ui/button";
import { useLocale } from "../../ui/i18n/locale";
import { useLength } from "../../ui/length";
import { Card, Page } from "../../ui/page";
import { StatTile } from "../../ui/stat-tile";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { useTokens } from "../../ui/tokens";
import { WeekPlot } from "./week-plot";

/** Classes in the list of revenue. */
const MOST_BARS = 8;

/** `/instructor/analytics` */
export function OverviewPage() {
  const { t } = useTranslation();
  const overview = useQuery(overviewQuery);
  const own = useQuery(ownSessionsQuery);
  return (
    <Page
      title={t("analytics.overviewTitle")}
      lead={t("analytics.overviewLead")}
      actions={
        <a href={csvUrl()} download className={buttonClass({ variant: "secondary" })}>
          <Download aria-hidden="true" />
          {t("analytics.csv")}
        </a>
      }
    >
      {overview.isError ? <ErrorState error={overview.error} onRetry={() => void overview.refetch()} /> : null}
      {overview.isPending ? (
        <Loading>
          <Skeleton className="h-24" />
          <Skeleton className="mt-4 h-72" />
        </Loading>
      ) : null}
      {overview.data ? <Everything overview={overview.data} sessions={own.data ?? []} /> : null}
    </Page>
  );
}

function Everything({ overview, sessions }: { overview: Overview; sessions: OwnSession[] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const length = useLength();
  const tokens = useTokens();
  const { totals, slots } = overview;
  if (totals.sessions === 0) {
    return (
      <EmptyState
        icon={<BarChart3 aria-hidden="true" />}
        title={t("analytics.none")}
        actions={
          <Link to="/instructor/streams" className={buttonClass()}>
            {t("studio.title")}
          </Link>
        }
      >
        <p>{t("analytics.noneText")}</p>
      </EmptyState>
    );
  }
  return (
    <div className="grid gap-6 *:min-w-0">
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5">
        <StatTile
          id="sessions"
          name={t("analytics.sessions")}
          value={totals.sessions.toLocaleString(locale)}
          raw={totals.sessions}
        />
        <StatTile id="enrolments" name={t("analytics.enrolments")} value={totals.enrolments.toLocaleString(locale)} />
        <StatTile id="revenue" name={t("broadcast.revenue")} value={tokens(totals.revenueTokens)} />
        <StatTile id="peak" name={t("analytics.peakViewers")} value={totals.peakViewers.toLocaleString(locale)} />
        <StatTile id="watched" name={t("analytics.watched")} value={length(totals.watchSeconds)} />
      </dl>
      <Card className="p-4 sm:p-5">
        <WeekPlot slots={slots} />
      </Card>
      <RevenueBars sessions={sessions} />
    </div>
  );
}

function RevenueBars({ sessions }: { sessions: OwnSession[] }) {
  const { t } = useTranslation();
  const tokens = useTokens();
  const best = sessions
    .filter((session) => session.revenueTokens > 0)
    .toSorted((a, b) => b.revenueTokens - a.revenueTokens)
    .slice(0, MOST_BARS);
  const most = best[0]?.revenueTokens ?? 1;
  if (best.length === 0) return null;
  return (
    <Card className="p-4 sm:p-5">
      <h2 className="mb-3 text-sm font-medium">{t("analytics.revenueByClass")}</h2>
      <ul className="grid gap-3">
        {best.map((session) => (
          <li key={session.id} className="grid gap-1 text-sm">
            <div className="flex flex-wrap justify-between gap-x-4">
              <Link
                to="/instructor/streams/$id/analytics"
                params={{ id: session.id }}
                className="min-w-0 font-medium wrap-anywhere underline-offset-2 hover:underline"
              >
                {session.title}
              </Link>
              <span className="tabular-nums">{tokens(session.revenueTokens)}</span>
            </div>
            <div className="h-2 rounded-full bg-raised" aria-hidden="true">
              <div
                className="h-full rounded-full bg-primary"
                style={{ width: `${(session.revenueTokens / most) * 100}%` }}
              />
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
