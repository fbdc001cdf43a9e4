/** Lists of classes. */
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { ErrorState, Loading } from "../../ui/states";
import { SessionCard, SessionCardSkeleton } from "./session-card";

type Listing = UseQueryResult<Session[]>;

interface ListsProps {
  live: Listing;
  upcoming: Listing;
  ended: Listing;
  filtered: boolean;
}

/** Live, upcoming and past classes under each other. */
export function Lists({ live, upcoming, ended, filtered }: ListsProps) {
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
      <Section
        title={t("streams.upcoming")}
        sessions={upcoming.data}
        {...(filtered ? {} : { empty: t("streams.noUpcoming") })}
      />
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
