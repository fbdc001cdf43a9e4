/** Polls: vote, see how others voted, and, for the host, run them. */
import { useQuery } from "@tanstack/react-query";
import { ChartBarBig } from "lucide-react";
import { useTranslation } from "react-i18next";
import { pollsQuery } from "../api/conversation";
import { ErrorState, Loading, Skeleton } from "../ui/states";
import { ConnectionNotice, PanelHint } from "./notices";
import { PollCard } from "./poll-card";
import { PollForm } from "./poll-form";
import type { Conversation } from "./use-conversation";

/** All polls of a class, newest first. */
export function PollPanel({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const { sessionId, ready, host, status } = conversation;
  const polls = useQuery({ ...pollsQuery(sessionId), enabled: ready });
  if (polls.isError && !polls.data) return <ErrorState error={polls.error} onRetry={() => void polls.refetch()} />;
  if (!polls.data) {
    return (
      <div className="p-3">
        <Loading>
          <Skeleton className="h-48" />
        </Loading>
      </div>
    );
  }
  return (
    <>
      <ConnectionNotice connection={conversation.connection} />
      <div className="grid gap-3 p-3">
        {host && status === "live" ? <PollForm sessionId={sessionId} /> : null}
        {polls.data.length === 0 ? (
          <PanelHint icon={<ChartBarBig aria-hidden="true" />}>
            {host && status === "upcoming" ? t("polls.emptyHost") : t("polls.empty")}
          </PanelHint>
        ) : (
          polls.data.map((poll) => <PollCard key={poll.id} poll={poll} conversation={conversation} />)
        )}
      </div>
    </>
  );
}
