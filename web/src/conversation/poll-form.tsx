/** Making a poll. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { createPoll } from "../api/conversation";
import { Button } from "../ui/button";
import { Failure } from "../ui/failure";
import { TextField } from "../ui/field";
import { Card } from "../ui/page";
import { putPoll } from "./live-events";

/** As the server has it. */
const FEWEST = 2;
const MOST = 8;

interface Draft {
  question: string;
  /** With keys of their own, since they may be taken out of the middle. */
  options: { key: number; text: string }[];
}

const EMPTY: Draft = { question: "", options: [0, 1].map((key) => ({ key, text: "" })) };

/** A button that unfolds into the form. */
export function PollForm({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft | null>(null);
  const making = useMutation({
    mutationFn: ({ question, options }: { question: string; options: string[] }) =>
      createPoll(sessionId, question, options),
    onSuccess: (poll) => {
      putPoll(queries, sessionId, poll);
      setDraft(null);
    },
  });
  if (!draft) {
    return (
      <Button variant="secondary" onClick={() => setDraft(EMPTY)}>
        <Plus aria-hidden="true" />
        {t("polls.new")}
      </Button>
    );
  }
  const { question, options } = draft;
  const filled = options.map(({ text }) => text.trim()).filter(Boolean);
  const complete = question.trim() !== "" && filled.length >= FEWEST;

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (complete) making.mutate({ question: question.trim(), options: filled });
  }

  return (
    <Card className="p-4">
      <form onSubmit={submit} className="grid gap-3">
        <Failure error={making.error} boxed />
        <TextField
          label={t("polls.question")}
          value={question}
          maxLength={255}
          autoFocus
          onChange={(event) => setDraft({ ...draft, question: event.target.value })}
        />
        {options.map(({ key, text }, index) => (
          <div key={key} className="flex items-end gap-2">
            <div className="flex-1">
              <TextField
                label={t("polls.option", { number: index + 1 })}
                value={text}
                maxLength={255}
                onChange={(event) =>
                  setDraft({
                    ...draft,
                    options: options.map((old) => (old.key === key ? { key, text: event.target.value } : old)),
                  })
                }
              />
            </div>
            {options.length > FEWEST ? (
              <Button
                variant="quiet"
                aria-label={t("polls.removeOption", { number: index + 1 })}
                onClick={() => setDraft({ ...draft, options: options.filter((old) => old.key !== key) })}
              >
                <X aria-hidden="true" />
              </Button>
            ) : null}
          </div>
        ))}
        {options.length < MOST ? (
          <Button
            variant="quiet"
            size="small"
            onClick={() =>
              setDraft({ ...draft, options: [...options, { key: (options.at(-1)?.key ?? 0) + 1, text: "" }] })
            }
          >
            <Plus aria-hidden="true" />
            {t("polls.addOption")}
          </Button>
        ) : null}
        <div className="flex justify-end gap-2">
          <Button variant="secondary" onClick={() => setDraft(null)}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" disabled={!complete || making.isPending}>
            {t("polls.start")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
