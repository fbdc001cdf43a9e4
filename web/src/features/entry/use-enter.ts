/** What follows a login, by whichever form. */
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { forgetEverything } from "../../api/accounts";

/** Forgets what the former visitor could see and goes on to `next`. */
export function useEnter(): (next: string) => Promise<void> {
  const queries = useQueryClient();
  const router = useRouter();
  return async (next) => {
    await forgetEverything(queries);
    await router.invalidate();
    router.history.push(next);
  };
}
