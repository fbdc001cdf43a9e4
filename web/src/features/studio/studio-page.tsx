/** The instructor's own classes. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { BarChart3, CalendarPlus, Presentation, SearchX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ownSessionsQuery } from "../../api/instructor";
import { Button, buttonClass } from "../../ui/button";
import { Page } from "../../ui/page";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { arrange } from "./listing";
import { ListingFields } from "./listing-fields";
import { OwnSessionCard } from "./own-session-card";

const route = getRouteApi("/instructor/streams");

/** `/instructor/streams` */
export function StudioPage() {
  const { t } = useTranslation();
  const actions = (
    <>
      <Link to="/instructor/analytics" className={buttonClass({ variant: "secondary" })}>
        <BarChart3 aria-hidden="true" />
        {t("analytics.overview")}
      </Link>
      <CreateLink />
    </>
  );
  return (
    <Page title={t("studio.title")} lead={t("studio.lead")} actions={actions}>
      <OwnSessions />
    </Page>
  );
}

function CreateLink() {
  const { t } = useTranslation();
  return (
    <Link to="/instructor/streams/create" className={buttonClass()}>
      <CalendarPlus aria-hidden="true" />
      {t("studio.create")}
    </Link>
  );
}

function OwnSessions() {
  const { t } = useTranslation();
  const own = useQuery(ownSessionsQuery);
  const choice = route.useSearch();
  const navigate = route.useNavigate();
  if (own.isPending) {
    return (
      <Loading>
        <div className="grid gap-3">
          <Skeleton className="h-28" />
          <Skeleton className="h-28" />
        </div>
      </Loading>
    );
  }
  if (!own.data) return <ErrorState error={own.error} onRetry={() => void own.refetch()} />;
  if (own.data.length === 0) {
    return (
      <EmptyState icon={<Presentation aria-hidden="true" />} title={t("studio.empty.title")} actions={<CreateLink />}>
        <p>{t("studio.empty.text")}</p>
      </EmptyState>
    );
  }
  const shown = arrange(own.data, choice);
  return (
    <>
      <ListingFields choice={choice} onChange={(search) => void navigate({ search, replace: true })} />
      {shown.length === 0 ? (
        <EmptyState
          icon={<SearchX aria-hidden="true" />}
          title={t("studio.nothing")}
          actions={
            <Button variant="secondary" onClick={() => void navigate({ search: {}, replace: true })}>
              {t("studio.showAll")}
            </Button>
          }
        />
      ) : null}
      <ul className="grid gap-3">
        {shown.map((session) => (
          <li key={session.id}>
            <OwnSessionCard session={session} />
          </li>
        ))}
      </ul>
    </>
  );
}
