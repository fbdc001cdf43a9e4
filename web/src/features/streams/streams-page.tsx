/** All classes: live now, upcoming, past. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CalendarPlus } from "lucide-react";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import { sessionsQuery } from "../../api/sessions";
import type { Session } from "../../api/types";
import { buttonClass } from "../../ui/button";
import { Page } from "../../ui/page";
import { ErrorState, Loading } from "../../ui/states";
import { FirstVisit } from "./first-visit";
import { SessionCard, SessionCardSkeleton } from "./session-card";

/** `/streams` */
export function StreamsPage() {
  const { t } = useTranslation();
  const { data: user } = useQuery(meQuery);
  const teaches = user ? user.role !== "viewer" : false;
  return (
    <Page
      title={t("streams.title")}
      lead={t("streams.lead")}
      actions={
        teaches ? (
          <Link to="/instructor/streams/create" className={buttonClass()}>
            <CalendarPlus aria-hidden="true" />
            {t("streams.plan")}
          </Link>
        ) : null
      }
    >
      <Lists teaches={teaches} />
    </Page>
  );
}

function Lists({ teaches }: { teaches: boolean }) {
  const { t } = useTranslation();
  const live = useQuery(sessionsQuery("live"));
  const upcoming = useQuery(sessionsQuery("upcoming"));
  const ended = useQuery(sessionsQuery("ended"));
  const all = [live, upcoming, ended];

  if (all.some((query) => query.isPending && !query.isError)) {
    return (
      <Loading>
        <Grid>
          <SessionCardSkeleton />
          <SessionCardSkeleton />
          <SessionCardSkeleton />
        </Grid>
      </Loading>
    );
  }
  const failed = all.find((query) => query.data === undefined);
  if (failed) {
    return <ErrorState error={failed.error} onRetry={() => all.forEach((query) => void query.refetch())} />;
  }
  if (all.every((query) => query.data?.length === 0)) return <FirstVisit teaches={teaches} />;
  return (
    <div className="grid gap-10">
      <Section title={t("streams.live")} sessions={live.data} />
      <Section title={t("streams.upcoming")} sessions={upcoming.data} empty={t("streams.noUpcoming")} />
      <Section title={t("streams.past")} sessions={ended.data} />
    </div>
  );
}

function Section({ title, sessions = [], empty }: { title: string; sessions?: Session[] | undefined; empty?: string }) {
  const id = useId();
  if (sessions.length === 0 && !empty) return null;
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-3 text-xl font-semibold">
        {title}
      </h2>
      {sessions.length > 0 ? (
        <Grid>
          {sessions.map((session) => (
            <SessionCard key={session.id} session={session} />
          ))}
        </Grid>
      ) : (
        <p className="text-muted">{empty}</p>
      )}
    </section>
  );
}

function Grid({ children }: { children: ReactNode }) {
  return <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">{children}</div>;
}
