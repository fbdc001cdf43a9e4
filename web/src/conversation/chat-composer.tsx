/** The line in which a message is written. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { clsx } from "clsx";
import { SendHorizontal } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { postMessage } from "../api/conversation";
import type { ChatPage } from "../api/types";
import { Button } from "../ui/button";
import { CONTROL } from "../ui/field";
import { explain } from "../ui/problem";
import { useCountdown } from "../ui/use-countdown";
import { add, chatQuery } from "./chat-log";
import { WhyNot } from "./notices";
import type { Conversation } from "./use-conversation";

/** As the server has it, in characters as people count them. */
const LONGEST = 500;
/** From here on the rest is counted on screen. */
const NEAR_END = 400;

/** Sends on Enter. A message that is refused stays in the line. */
export function ChatComposer({ conversation, label }: { conversation: Conversation; label: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { sessionId } = conversation;
  const [text, setText] = useState("");
  const wait = useCountdown();
  const sending = useMutation({
    mutationFn: (message: string) => postMessage(sessionId, message),
    onSuccess: (message) => {
      setText("");
      queries.setQueryData<ChatPage>(chatQuery(sessionId).queryKey, (known) => add(known, message));
    },
    onError: (error) => wait.start(retryAfterS(error)),
  });
  const why = <WhyNot conversation={conversation} />;
  if (!conversation.member || conversation.status === "ended" || conversation.status === "cancelled") return why;

  const length = [...text.trim()].length;
  const problem = sending.error ? explain(sending.error, t) : null;
  const ready = length > 0 && length <= LONGEST && !sending.isPending && wait.seconds === 0;

  function send(event: FormEvent): void {
    event.preventDefault();
    if (ready) sending.mutate(text.trim());
  }

  return (
    <form onSubmit={send} className="border-t border-line p-3">
      {problem ? (
        <p role="alert" className="mb-2 text-sm text-danger">
          {problem.title} {wait.seconds > 0 ? t("chat.wait", { count: wait.seconds }) : problem.hint}
        </p>
      ) : null}
      <div className="flex gap-2">
        <input
          aria-label={label}
          placeholder={t("chat.placeholder")}
          autoComplete="off"
          enterKeyHint="send"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            if (wait.seconds === 0) sending.reset();
          }}
          className={CONTROL}
        />
        <Button type="submit" disabled={!ready} aria-label={t("chat.send")} className="px-3!">
          <SendHorizontal aria-hidden="true" />
        </Button>
      </div>
      {length >= NEAR_END ? (
        <p
          className={clsx("mt-1 text-right text-xs tabular-nums", length > LONGEST ? "text-danger" : "text-muted")}
          aria-live="polite"
        >
          {t("chat.length", { length, most: LONGEST })}
        </p>
      ) : null}
    </form>
  );
}

function retryAfterS(error: unknown): number {
  if (typeof error !== "object" || error === null || !("retryAfterS" in error)) return 0;
  return typeof error.retryAfterS === "number" ? error.retryAfterS : 0;
}
