/** All classes: live now, upcoming, past. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
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
  const live = useQuery(sessionsQuery("live"));
  const upcoming = useQuery(sessionsQuery("upcoming"));
  const ended = useQuery(sessionsQuery("ended"));
  const all = [live, upcoming, ended];
  const teaches = user ? user.role !== "viewer" : false;
  const empty = all.every((query) => query.data?.length === 0);
  return (
    <Page
      title={t("streams.title")}
      lead={t("streams.lead")}
      actions={
        teaches && !empty ? (
          <Link to="/instructor/streams/create" className={buttonClass()}>
            <CalendarPlus aria-hidden="true" />
            {t("streams.plan")}
          </Link>
        ) : null
      }
    >
      {empty ? <FirstVisit teaches={teaches} /> : <Lists live={live} upcoming={upcoming} ended={ended} />}
    </Page>
  );
}

type Listing = UseQueryResult<Session[]>;

function Lists({ live, upcoming, ended }: { live: Listing; upcoming: Listing; ended: Listing }) {
  const { t } = useTranslation();
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
  return (
    <div className="grid gap-10">
      <LiveSection sessions={live.data} />
      <Section title={t("streams.upcoming")} sessions={upcoming.data} empty={t("streams.noUpcoming")} />
      <Section title={t("streams.past")} sessions={ended.data} />
    </div>
  );
}

/** One class on the air takes the whole width; several share it like the others. */
function LiveSection({ sessions = [] }: { sessions?: Session[] | undefined }) {
  const { t } = useTranslation();
  const [only] = sessions;
  const id = useId();
  if (!only || sessions.length > 1) return <Section title={t("streams.live")} sessions={sessions} />;
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-3 text-xl font-semibold">
        {t("streams.live")}
      </h2>
      <SessionCard session={only} wide />
    </section>
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
