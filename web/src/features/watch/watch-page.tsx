/** One class: player, title and facts. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import { sessionQuery } from "../../api/sessions";
import type { Session } from "../../api/types";
import { Page } from "../../ui/page";
import { explain } from "../../ui/problem";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { useTitle } from "../../ui/use-title";
import { About, Heading } from "./about";
import { Player } from "./player";

const route = getRouteApi("/streams/$id/watch");

/** `/streams/{id}/watch` */
export function WatchPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const session = useQuery(sessionQuery(id));
  if (session.data) return <Watch key={id} session={session.data} />;
  if (session.isPending) return <WatchSkeleton />;
  return (
    <Page title={explain(session.error, t).title} width="text">
      <ErrorState error={session.error} onRetry={() => void session.refetch()} />
    </Page>
  );
}

function Watch({ session }: { session: Session }) {
  const { data: user } = useQuery(meQuery);
  useTitle(session.title);
  return (
    <div className="mx-auto grid w-full max-w-7xl gap-6 sm:px-6 sm:pt-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="grid min-w-0 content-start gap-5">
        <Player session={session} signedIn={Boolean(user)} />
        <Heading session={session} />
      </div>
      <div className="min-w-0">
        <About session={session} />
      </div>
    </div>
  );
}

function WatchSkeleton() {
  return (
    <div className="mx-auto grid w-full max-w-7xl gap-6 sm:px-6 sm:pt-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Loading>
        <Skeleton className="aspect-video rounded-none sm:rounded-card" />
        <Skeleton className="mt-5 h-9 w-2/3" />
      </Loading>
      <Skeleton className="h-80 rounded-card" />
    </div>
  );
}
