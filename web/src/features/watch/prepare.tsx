/** Calendar and reminder beside a class that is still to come. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { meQuery } from "../../api/accounts";
import { calendarFile, sessionQuery, setReminder } from "../../api/sessions";
import type { Session } from "../../api/types";
import { PrepareButtons } from "../../ui/prepare-buttons";

/** Whoever is not signed in does that first, and comes back here. */
export function Prepare({ session }: { session: Session }) {
  const { id, title, hasReminder } = session;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: user } = useQuery(meQuery);
  const change = useMutation({
    mutationFn: (on: boolean) => setReminder(id, on),
    onSuccess: () => queries.invalidateQueries({ queryKey: sessionQuery(id).queryKey }),
  });
  const next = `/streams/${id}/watch`;
  return (
    <PrepareButtons
      title={title}
      calendar={calendarFile(id)}
      reminded={hasReminder}
      pending={change.isPending}
      error={change.error}
      onRemind={(on) => (user ? change.mutate(on) : void navigate({ to: "/login", search: { next } }))}
    />
  );
}
