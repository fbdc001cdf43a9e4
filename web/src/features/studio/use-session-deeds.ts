/** What can be done to a class from the list: cancel and delete. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { cancelSeries, cancelSession, deleteSession } from "../../api/instructor";
import type { OwnSession } from "../../api/types";

/** Binds the deeds to one class; the list is asked anew after each. */
export function useSessionDeeds(session: OwnSession) {
  const queries = useQueryClient();
  const settled = { onSettled: () => queries.invalidateQueries() };
  const cancel = useMutation({ mutationFn: () => cancelSession(session.id), ...settled });
  const remove = useMutation({ mutationFn: () => deleteSession(session.id), ...settled });
  const cancelAll = useMutation({ mutationFn: (series: string) => cancelSeries(series), ...settled });
  return {
    pending: cancel.isPending || remove.isPending || cancelAll.isPending,
    error: cancel.error ?? remove.error ?? cancelAll.error,
    cancel: () => cancel.mutate(),
    remove: () => remove.mutate(),
    cancelAll: () => session.seriesId && cancelAll.mutate(session.seriesId),
  };
}
