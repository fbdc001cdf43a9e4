/** Questions to the host, the most wanted first. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Check, ChevronUp, CircleHelp, Trash2, Undo2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, deleteQuestion, questionsQuery, setAnswered, upvote } from "../api/conversation";
import type { Question } from "../api/types";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Failure } from "../ui/failure";
import { CONTROL } from "../ui/field";
import { type MenuItem, MoreMenu } from "../ui/menu";
import { ErrorState, Loading, Skeleton } from "../ui/states";
import { putQuestion } from "./live-events";
import { ConnectionNotice, PanelHint, WhyNot } from "./notices";
import type { Conversation } from "./use-conversation";

/** Fills its parent: the list scrolls, the form stays. */
export function QuestionPanel({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const { sessionId, ready } = conversation;
  const questions = useQuery({ ...questionsQuery(sessionId), enabled: ready });
  if (questions.isError && !questions.data) {
    return <ErrorState error={questions.error} onRetry={() => void questions.refetch()} />;
  }
  // What is answered goes below what is open.
  const sorted = questions.data?.toSorted((a, b) => Number(a.isAnswered) - Number(b.isAnswered));
  return (
    <>
      <ConnectionNotice connection={conversation.connection} />
      <section aria-label={t("questions.title")} className="min-h-0 flex-1 overflow-y-auto p-3">
        {!sorted ? (
          <Loading>
            <Skeleton className="h-20" />
          </Loading>
        ) : sorted.length === 0 ? (
          <PanelHint icon={<CircleHelp aria-hidden="true" />}>{t("questions.empty")}</PanelHint>
        ) : (
          <ol className="grid gap-2">
            {sorted.map((question) => (
              <Item key={question.id} question={question} conversation={conversation} />
            ))}
          </ol>
        )}
      </section>
      <AskForm conversation={conversation} />
    </>
  );
}

function Item({ question, conversation }: { question: Question; conversation: Conversation }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { sessionId, member, me, host, status } = conversation;
  const change = useMutation({
    mutationFn: (run: () => Promise<Question>) => run(),
    onSuccess: (renewed) => putQuestion(queries, sessionId, renewed),
  });
  const removal = useMutation({
    mutationFn: () => deleteQuestion(question.id),
    onSettled: () => queries.invalidateQueries({ queryKey: questionsQuery(sessionId).queryKey }),
  });
  const own = me?.id === question.userId;
  const items: MenuItem[] = [];
  if (host) {
    items.push({
      label: question.isAnswered ? t("questions.reopen") : t("questions.markAnswered"),
      icon: question.isAnswered ? <Undo2 aria-hidden="true" /> : <Check aria-hidden="true" />,
      onSelect: () => change.mutate(() => setAnswered(question.id, !question.isAnswered)),
    });
  }
  if (host || own) {
    items.push({
      label: t("common.delete"),
      icon: <Trash2 aria-hidden="true" />,
      danger: true,
      onSelect: () => removal.mutate(),
    });
  }
  const error = change.error ?? removal.error;
  const wants = Boolean(question.userUpvoted);
  return (
    <li className="flex items-start gap-2 rounded-lg border border-line p-2" data-question={question.id}>
      <button
        type="button"
        aria-pressed={wants}
        aria-label={t("questions.upvote", { count: question.upvotes })}
        disabled={!member || own || status === "ended" || change.isPending}
        onClick={() => change.mutate(() => upvote(question.id, !wants))}
        className={clsx(
          "flex min-h-11 w-11 shrink-0 flex-col items-center justify-center rounded-lg text-sm font-semibold tabular-nums enabled:hover:bg-raised",
          wants && "bg-phase-4 text-primary",
        )}
      >
        <ChevronUp className="size-4" aria-hidden="true" />
        {question.upvotes}
      </button>
      <div className="min-w-0 flex-1 text-sm">
        <p className="wrap-anywhere">{question.question}</p>
        <p className="mt-0.5 flex flex-wrap items-center gap-2 text-muted">
          {question.userName}
          {question.isAnswered ? (
            <Badge tone="good">
              <Check aria-hidden="true" />
              {t("questions.answered")}
            </Badge>
          ) : null}
        </p>
        <Failure error={error} />
      </div>
      <MoreMenu label={t("questions.menu", { name: question.userName })} items={items} />
    </li>
  );
}

function AskForm({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { sessionId, member, host, status } = conversation;
  const [text, setText] = useState("");
  const asking = useMutation({
    mutationFn: (question: string) => ask(sessionId, question),
    onSuccess: (question) => {
      setText("");
      putQuestion(queries, sessionId, question);
    },
  });
  if (!member || status === "ended" || status === "cancelled") return <WhyNot conversation={conversation} />;
  if (host) return null;

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (text.trim()) asking.mutate(text.trim());
  }

  return (
    <form onSubmit={submit} className="border-t border-line p-3">
      <Failure error={asking.error} className="mb-2" />
      <div className="flex gap-2">
        <input
          aria-label={t("questions.yours")}
          placeholder={t("questions.placeholder")}
          autoComplete="off"
          maxLength={500}
          value={text}
          onChange={(event) => setText(event.target.value)}
          className={CONTROL}
        />
        <Button type="submit" disabled={!text.trim() || asking.isPending}>
          {t("questions.ask")}
        </Button>
      </div>
    </form>
  );
}
