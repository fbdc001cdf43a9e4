/** Says above every page that there is no network, or no server. */
import { onlineManager, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { statusOf } from "../ui/problem";

/** Nothing while all is well; goes away by itself, since pages keep asking. */
export function NetworkNotice() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const online = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  const reached = useSyncExternalStore(
    (listener) => queries.getQueryCache().subscribe(listener),
    () => !isUnreachable(queries),
  );
  if (online && reached) return null;
  return (
    <div role="status" className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-sm text-warn">
      <WifiOff className="size-4 shrink-0" aria-hidden="true" />
      {online ? `${t("problem.away.title")} ${t("problem.away.hint")}` : t("offline")}
    </div>
  );
}

/** Whether the last answer to something on the page was none, or a proxy's excuse. */
function isUnreachable(queries: QueryClient): boolean {
  return queries
    .getQueryCache()
    .findAll({ type: "active" })
    .some(({ state }) => [0, 502, 504].includes(statusOf(state.fetchFailureReason ?? state.error) ?? -1));
}
