/** Chat: what was said, and the line to say something. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowDown, MessagesSquare, Pin } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { olderMessages } from "../api/conversation";
import type { ChatMessage, ChatPage } from "../api/types";
import { Button } from "../ui/button";
import { ErrorState, Loading, Skeleton } from "../ui/states";
import { ChatComposer } from "./chat-composer";
import { ChatLine } from "./chat-line";
import { chatQuery, prepend, unread } from "./chat-log";
import { ConnectionNotice, PanelHint } from "./notices";
import { Silenced } from "./silenced";
import type { Conversation } from "./use-conversation";
import { useScrollToNewest } from "./use-scroll-to-newest";

/** Fills its parent, which gives it a height. `shown`: whether the reader sees it now. */
export function ChatPanel({ conversation, shown }: { conversation: Conversation; shown: boolean }) {
  const { t } = useTranslation();
  const { sessionId, ready, host } = conversation;
  const chat = useQuery({ ...chatQuery(sessionId), enabled: ready });
  if (chat.isError && !chat.data) return <ErrorState error={chat.error} onRetry={() => void chat.refetch()} />;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <ConnectionNotice connection={conversation.connection} />
      {host ? <Silenced sessionId={sessionId} /> : null}
      {chat.data?.pinned ? <Pinned message={chat.data.pinned} /> : null}
      {chat.data ? (
        <Log page={chat.data} conversation={conversation} shown={shown} />
      ) : (
        <div className="flex-1 p-4">
          <Loading>
            <div className="grid gap-3">
              <Skeleton className="h-10" />
              <Skeleton className="h-10 w-4/5" />
              <Skeleton className="h-10" />
            </div>
          </Loading>
        </div>
      )}
      <ChatComposer conversation={conversation} label={t("chat.write")} />
    </div>
  );
}

function Log({ page, conversation, shown }: { page: ChatPage; conversation: Conversation; shown: boolean }) {
  const { t } = useTranslation();
  const { messages, hasMore } = page;
  const { seen, markSeen, me } = conversation;
  const last = messages.at(-1)?.id;
  const { list, atEnd, toEnd, onScroll } = useScrollToNewest(last);
  const news = unread(page, seen, me?.id);

  useEffect(() => {
    // The first messages that this page knows are the past, not news.
    if (seen === null || (shown && atEnd)) markSeen(last ?? "");
  }, [shown, atEnd, last, seen, markSeen]);

  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who uses a keyboard must be able to scroll */}
      <div ref={list} onScroll={onScroll} tabIndex={0} role="log" aria-label={t("chat.title")} className={LOG}>
        {hasMore ? <Earlier page={page} sessionId={conversation.sessionId} /> : null}
        {messages.length === 0 ? (
          <PanelHint icon={<MessagesSquare aria-hidden="true" />}>
            {conversation.status === "ended" ? t("chat.emptyEnded") : t("chat.empty")}
          </PanelHint>
        ) : (
          <ol>
            {messages.map((message) => (
              <ChatLine key={message.id} message={message} conversation={conversation} />
            ))}
          </ol>
        )}
      </div>
      {atEnd ? null : (
        <Button
          size="small"
          variant={news > 0 ? "primary" : "secondary"}
          className="absolute bottom-2 left-1/2 -translate-x-1/2 whitespace-nowrap shadow-lift"
          onClick={toEnd}
        >
          <ArrowDown aria-hidden="true" />
          {news > 0 ? t("chat.unread", { count: news }) : t("chat.newest")}
        </Button>
      )}
    </div>
  );
}

const LOG = "min-h-0 flex-1 overflow-y-auto overscroll-contain py-2 focus-visible:-outline-offset-2";

function Earlier({ page, sessionId }: { page: ChatPage; sessionId: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const first = page.messages[0]?.id ?? "";
  const earlier = useMutation({
    mutationFn: () => olderMessages(sessionId, first),
    onSuccess: (older) =>
      queries.setQueryData<ChatPage>(chatQuery(sessionId).queryKey, (known) => known && prepend(known, older)),
  });
  return (
    <div className="px-3 pb-2 text-center">
      <Button variant="quiet" size="small" disabled={earlier.isPending} onClick={() => earlier.mutate()}>
        {earlier.isError ? t("common.retry") : t("chat.earlier")}
      </Button>
    </div>
  );
}

function Pinned({ message }: { message: ChatMessage }) {
  const { t } = useTranslation();
  return (
    <div className="flex max-h-28 gap-2 overflow-y-auto border-b border-line bg-raised px-3 py-2 text-sm">
      <Pin className="mt-0.5 size-4 shrink-0 text-muted" aria-hidden="true" />
      <p className="min-w-0 wrap-anywhere">
        <span className="sr-only">{t("chat.pinned")} </span>
        <span className="font-semibold">{message.userName}</span> {message.message}
      </p>
    </div>
  );
}
