/** One poll with its bars. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { type FormEvent, type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { deletePoll, pollsQuery, setPollOpen, vote } from "../api/conversation";
import type { Poll, PollOption } from "../api/types";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { ConfirmDialog } from "../ui/confirm-dialog";
import { Failure } from "../ui/failure";
import { useLocale } from "../ui/i18n/locale";
import { Card } from "../ui/page";
import { putPoll } from "./live-events";
import type { Conversation } from "./use-conversation";

/** Question, options with their shares, and what the reader may do. Results are always visible. */
export function PollCard({ poll, conversation }: { poll: Poll; conversation: Conversation }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { sessionId, host, member, me, status } = conversation;
  const voting = useMutation({
    mutationFn: (option: string) => vote(poll.id, option),
    onSuccess: (renewed) => putPoll(queries, sessionId, { ...poll, ...renewed }),
    // It may have been closed meanwhile, or the vote was given in another window.
    onError: () => queries.invalidateQueries({ queryKey: pollsQuery(sessionId).queryKey }),
  });
  const open = poll.isActive && status === "live";
  const mayVote = open && member && !poll.userVoted;

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const option = new FormData(event.currentTarget).get("option");
    if (typeof option === "string") voting.mutate(option);
  }

  return (
    <Card className="p-4">
      <form onSubmit={submit} data-poll={poll.id}>
        <fieldset disabled={voting.isPending}>
          <legend className="float-left mb-3 w-full font-semibold wrap-anywhere">{poll.question}</legend>
          <div className="clear-both grid gap-2">
            {poll.options.map((option) => (
              <Option key={option.id} option={option} poll={poll} mayVote={mayVote} />
            ))}
          </div>
        </fieldset>
        <Failure error={voting.error} className="mt-2" />
        <div className="mt-3 flex flex-wrap items-center justify-between gap-2">
          <span className="text-sm text-muted tabular-nums">{t("polls.votes", { count: poll.totalVotes })}</span>
          {mayVote ? (
            <Button type="submit" size="small" disabled={voting.isPending}>
              {t("polls.vote")}
            </Button>
          ) : (
            <State open={open} voted={Boolean(poll.userVoted)} />
          )}
        </div>
        {open && !me ? (
          <p className="mt-2 text-sm">
            <Link
              to="/login"
              search={{ next: `/streams/${sessionId}/watch` }}
              className="font-semibold text-primary underline"
            >
              {t("polls.logIn")}
            </Link>
          </p>
        ) : null}
      </form>
      {host ? <HostControls poll={poll} sessionId={sessionId} live={status === "live"} /> : null}
    </Card>
  );
}

function State({ open, voted }: { open: boolean; voted: boolean }) {
  const { t } = useTranslation();
  if (!open) return <Badge>{t("polls.closed")}</Badge>;
  if (!voted) return null;
  return (
    <Badge tone="good">
      <Check aria-hidden="true" />
      {t("polls.voted")}
    </Badge>
  );
}

function Option({ option, poll, mayVote }: { option: PollOption; poll: Poll; mayVote: boolean }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const id = useId();
  const share = poll.totalVotes > 0 ? option.voteCount / poll.totalVotes : 0;
  const shown = share.toLocaleString(locale, { style: "percent" });
  const own = poll.userVoteOptionId === option.id;
  return (
    <Row htmlFor={mayVote ? id : undefined}>
      <span
        aria-hidden="true"
        className="absolute inset-y-0 left-0 bg-phase-4 transition-[width] duration-300"
        style={{ width: `${share * 100}%` }}
      />
      {mayVote ? (
        <input
          id={id}
          type="radio"
          name="option"
          value={option.id}
          required
          className="relative size-4 accent-primary"
        />
      ) : null}
      <span className="relative min-w-0 flex-1 wrap-anywhere">{option.text}</span>
      {own ? (
        <span className="relative">
          <Check className="size-4" aria-hidden="true" />
          <span className="sr-only">{t("polls.yourVote")}</span>
        </span>
      ) : null}
      <span className="relative text-sm tabular-nums" data-votes={option.voteCount}>
        {shown}
        <span className="sr-only">, {t("polls.votes", { count: option.voteCount })}</span>
      </span>
    </Row>
  );
}

function Row({ htmlFor, children }: { htmlFor: string | undefined; children: ReactNode }) {
  const look = "relative flex min-h-11 items-center gap-2 overflow-hidden rounded-lg border px-3 py-2";
  if (!htmlFor) return <div className={`${look} border-line`}>{children}</div>;
  return (
    <label
      htmlFor={htmlFor}
      className={`${look} cursor-pointer border-edge hover:bg-raised has-checked:border-primary has-focus-visible:outline-2 has-focus-visible:outline-primary`}
    >
      {children}
    </label>
  );
}

function HostControls({ poll, sessionId, live }: { poll: Poll; sessionId: string; live: boolean }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: async (run: () => Promise<Poll | undefined>) => {
      const renewed = await run();
      if (renewed) putPoll(queries, sessionId, renewed);
      else await queries.invalidateQueries({ queryKey: pollsQuery(sessionId).queryKey });
    },
  });
  return (
    <div className="mt-3 flex flex-wrap gap-2 border-t border-line pt-3">
      {live ? (
        <Button
          size="small"
          variant="secondary"
          disabled={change.isPending}
          onClick={() => change.mutate(() => setPollOpen(poll.id, !poll.isActive))}
        >
          {poll.isActive ? t("polls.close") : t("polls.reopen")}
        </Button>
      ) : null}
      <ConfirmDialog
        trigger={
          <Button size="small" variant="quiet">
            {t("common.delete")}
          </Button>
        }
        title={t("polls.deleteTitle")}
        description={t("polls.deleteText")}
        action={t("common.delete")}
        onConfirm={() =>
          change.mutate(async () => {
            await deletePoll(poll.id);
            return undefined;
          })
        }
      />
      <Failure error={change.error} />
    </div>
  );
}
