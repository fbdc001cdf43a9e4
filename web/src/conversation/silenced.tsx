/** Who may not write: for the host, who can let them again. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { bansQuery, unsilence } from "../api/conversation";
import { Button } from "../ui/button";
import { useLocale } from "../ui/i18n/locale";
import { timeOfDay } from "../ui/time";

/** Nothing while nobody is silenced. */
export function Silenced({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const queries = useQueryClient();
  const { data: bans } = useQuery(bansQuery(sessionId));
  const lift = useMutation({
    mutationFn: (user: string) => unsilence(sessionId, user),
    onSettled: () => queries.invalidateQueries({ queryKey: bansQuery(sessionId).queryKey }),
  });
  if (!bans?.length) return null;
  return (
    <details className="border-b border-line px-3 py-2 text-sm">
      <summary>{t("chat.silenced", { count: bans.length })}</summary>
      <ul className="mt-1 grid gap-1">
        {bans.map((ban) => (
          <li key={ban.userId} className="flex items-center justify-between gap-2">
            <span className="min-w-0 wrap-anywhere">
              {ban.userName}
              {ban.untilAt ? (
                <span className="text-muted"> {t("chat.until", { time: timeOfDay(ban.untilAt, locale) })}</span>
              ) : null}
            </span>
            <Button size="small" variant="quiet" disabled={lift.isPending} onClick={() => lift.mutate(ban.userId)}>
              {t("chat.unsilence")}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}
