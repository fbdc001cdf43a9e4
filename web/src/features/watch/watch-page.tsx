/** One class: player, title and facts, and the conversation beside it. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { clsx } from "clsx";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import { sessionQuery } from "../../api/sessions";
import type { Session } from "../../api/types";
import { ConversationTabs } from "../../conversation/conversation-tabs";
import { HandButton } from "../../conversation/hands";
import { FloatingReactions, ReactionBar } from "../../conversation/reactions";
import { type Conversation, useConversation } from "../../conversation/use-conversation";
import { Card, Page } from "../../ui/page";
import { explain } from "../../ui/problem";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { DESKTOP, useMediaQuery } from "../../ui/use-media-query";
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
  const conversation = useConversation(session, user ?? null);
  const desktop = useMediaQuery(DESKTOP);
  useTitle(session.title);
  const takesPart = session.status === "live" && conversation.member;
  // Who may not watch may not read along either.
  const reads = session.status !== "cancelled" && conversation.mayRead;
  return (
    <div className={clsx(GRID, reads ? BESIDE : "max-w-5xl")}>
      {/* On phones the picture stays while one reads on below it. */}
      <div className="grid min-w-0 content-start gap-5 max-lg:contents">
        <div className="top-14 z-20 min-w-0 sm:top-16 max-lg:portrait:sticky">
          <Player
            session={session}
            signedIn={Boolean(user)}
            overlay={<FloatingReactions moments={conversation.moments} />}
          />
        </div>
        <Heading session={session}>{takesPart ? <TakePart conversation={conversation} /> : null}</Heading>
        {desktop || !reads ? <About session={session} /> : null}
      </div>
      {reads ? <Side session={session} conversation={conversation} desktop={desktop} /> : null}
    </div>
  );
}

interface SideProps {
  session: Session;
  conversation: Conversation;
  desktop: boolean;
}

/** The conversation beside the player; below it on phones, where the facts of the class are its first tab. */
function Side({ session, conversation, desktop }: SideProps) {
  const { t } = useTranslation();
  const panels = useRef<HTMLDivElement>(null);
  if (desktop) {
    return (
      <Card className="sticky top-22 flex h-[calc(100dvh-7rem)] min-h-96 flex-col overflow-hidden">
        <ConversationTabs conversation={conversation} className="flex-1" />
      </Card>
    );
  }
  return (
    <div ref={panels} className={PANELS}>
      <ConversationTabs
        conversation={conversation}
        first={{ label: t("watch.tabStream"), content: <About session={session} /> }}
        onChoose={() => panels.current?.scrollIntoView({ block: "start", behavior: "smooth" })}
        className="min-h-full flex-1"
      />
    </div>
  );
}

/** As high as what the header and the picture leave of a phone's screen; the line to write in is at its end. */
const PANELS =
  "flex min-w-0 flex-col overflow-hidden sm:rounded-card sm:border sm:border-line sm:bg-surface landscape:h-[calc(100dvh-4rem)] landscape:scroll-mt-16 " +
  "portrait:h-[max(20rem,calc(100dvh-3.5rem-56.25vw))] portrait:scroll-mt-[calc(3.5rem+56.25vw)]";

function TakePart({ conversation }: { conversation: Conversation }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-2">
      <ReactionBar sessionId={conversation.sessionId} />
      {conversation.host ? null : <HandButton conversation={conversation} />}
    </div>
  );
}

const GRID = "mx-auto grid w-full gap-4 sm:gap-6 sm:px-6 sm:pt-6";
/** The conversation has a column of its own where there is room. */
const BESIDE = "max-w-7xl lg:grid-cols-[minmax(0,1fr)_22rem] lg:items-start";

function WatchSkeleton() {
  return (
    <div className={clsx(GRID, BESIDE)}>
      <Loading>
        <Skeleton className="aspect-video rounded-none sm:rounded-card" />
        <Skeleton className="mt-5 h-9 w-2/3" />
      </Loading>
      <Skeleton className="h-80 rounded-card" />
    </div>
  );
}
