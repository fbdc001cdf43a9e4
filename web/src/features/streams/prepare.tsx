/** Calendar and reminder on a card. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { meQuery } from "../../api/accounts";
import { calendarFile, setReminder } from "../../api/sessions";
import type { Session } from "../../api/types";
import { PrepareButtons } from "../../ui/prepare-buttons";

/** Whoever is not signed in does that first. */
export function Prepare({ session }: { session: Session }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: user } = useQuery(meQuery);
  const change = useMutation({
    mutationFn: (on: boolean) => setReminder(session.id, on),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <PrepareButtons
      title={session.title}
      calendar={calendarFile(session.id)}
      reminded={session.hasReminder}
      pending={change.isPending}
      error={change.error}
      onRemind={(on) => (user ? change.mutate(on) : void navigate({ to: "/login", search: { next: "/streams" } }))}
    />
  );
}
