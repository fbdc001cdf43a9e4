/** Raised hands: the viewer's own, and the host's list of all. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Hand as HandIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { handsQuery, lowerHand, moveHand } from "../api/conversation";
import type { Hand } from "../api/types";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { Failure } from "../ui/failure";
import type { Conversation } from "./use-conversation";

/** Raises the reader's hand, or lowers it again. */
export function HandButton({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { sessionId, ready, me } = conversation;
  const key = handsQuery(sessionId).queryKey;
  const { data: hands } = useQuery({ ...handsQuery(sessionId), enabled: ready });
  const up = hands?.some((hand) => hand.userId === me?.id) ?? false;
  const move = useMutation({
    mutationFn: (next: boolean) => moveHand(sessionId, next),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <div className="flex items-center gap-2">
      <Button
        className="max-sm:px-3"
        variant={up ? "primary" : "secondary"}
        aria-pressed={up}
        disabled={move.isPending}
        onClick={() => move.mutate(!up)}
      >
        <HandIcon aria-hidden="true" />
        <span className="max-sm:sr-only">{up ? t("hands.lower") : t("hands.raise")}</span>
      </Button>
      <Failure error={move.error} />
    </div>
  );
}

/** Who wants to say something, longest first; nothing while nobody does. */
export function RaisedHands({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { sessionId, ready } = conversation;
  const key = handsQuery(sessionId).queryKey;
  const { data: hands } = useQuery({ ...handsQuery(sessionId), enabled: ready });
  const lower = useMutation({
    mutationFn: (user: string) => lowerHand(sessionId, user),
    onSuccess: (_, user) => queries.setQueryData<Hand[]>(key, (known) => known?.filter((hand) => hand.userId !== user)),
  });
  if (!hands?.length) return null;
  return (
    <section aria-label={t("hands.title")} className="border-b border-line bg-raised px-3 py-2">
      <h3 className="flex items-center gap-1.5 text-sm font-semibold">
        <HandIcon className="size-4" aria-hidden="true" />
        {t("hands.count", { count: hands.length })}
      </h3>
      <ul className="mt-1 grid max-h-40 gap-1 overflow-y-auto">
        {hands.map((hand) => (
          <li key={hand.userId} className="flex items-center gap-2 text-sm">
            <Avatar initials={hand.userInitials} person={hand.userId} />
            <span className="min-w-0 flex-1 wrap-anywhere">{hand.userName}</span>
            <Button size="small" variant="quiet" onClick={() => lower.mutate(hand.userId)}>
              {t("hands.done")}
            </Button>
          </li>
        ))}
      </ul>
      <Failure error={lower.error} />
    </section>
  );
}
