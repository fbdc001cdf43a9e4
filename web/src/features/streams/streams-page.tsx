/** All classes: live now, upcoming, past. */
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { CalendarPlus, Coins, SearchX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import { sessionsQuery } from "../../api/sessions";
import { balanceQuery } from "../../api/tokens";
import { buttonClass } from "../../ui/button";
import { Page } from "../../ui/page";
import { EmptyState } from "../../ui/states";
import { useTokens } from "../../ui/tokens";
import { Filters } from "./filters";
import { FirstVisit } from "./first-visit";
import { Lists } from "./lists";

/** `/streams` */
export function StreamsPage() {
  const { t } = useTranslation();
  const { data: user } = useQuery(meQuery);
  const { q, phase } = useSearch({ from: "/streams" });
  const filter = { search: q, phase };
  const live = useQuery(sessionsQuery("live", filter));
  const upcoming = useQuery(sessionsQuery("upcoming", filter));
  const ended = useQuery(sessionsQuery("ended", filter));
  const all = [live, upcoming, ended];
  const teaches = user ? user.role !== "viewer" : false;
  const nothing = all.every((query) => query.data?.length === 0);
  const filtered = Boolean(q || phase);
  const empty = nothing && !filtered;
  return (
    <Page
      title={t("streams.title")}
      lead={t("streams.lead")}
      actions={
        <>
          {user ? <Balance /> : null}
          {teaches && !empty ? (
            <Link to="/instructor/streams/create" className={buttonClass()}>
              <CalendarPlus aria-hidden="true" />
              {t("streams.plan")}
            </Link>
          ) : null}
        </>
      }
    >
      {empty ? (
        <FirstVisit role={user?.role} />
      ) : (
        <>
          <Filters />
          {nothing ? <NoMatch /> : <Lists live={live} upcoming={upcoming} ended={ended} filtered={filtered} />}
        </>
      )}
    </Page>
  );
}

/** What the signed-in person has, and the way to how it came. */
function Balance() {
  const tokens = useTokens();
  const { data: balance } = useQuery(balanceQuery);
  return (
    <Link to="/tokens" className={buttonClass({ variant: "secondary" })} data-balance={balance}>
      <Coins aria-hidden="true" />
      <span className="min-w-16 text-left tabular-nums">{balance === undefined ? "" : tokens(balance)}</span>
    </Link>
  );
}

function NoMatch() {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={<SearchX aria-hidden="true" />}
      title={t("streams.noMatch")}
      actions={
        <Link to="/streams" className={buttonClass({ variant: "secondary" })}>
          {t("streams.clear")}
        </Link>
      }
    />
  );
}
