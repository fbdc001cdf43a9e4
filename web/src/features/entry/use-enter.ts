/** What follows a login, by whichever form, and a new account. */
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { changeProfile, forgetEverything } from "../../api/accounts";

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

/** The same for somebody who has just made an account: their mails come in the page's language, by this clock. */
export function useBegin(): (next: string) => Promise<void> {
  const { i18n } = useTranslation();
  const enter = useEnter();
  return async (next) => {
    const language = i18n.language === "nl" ? "nl" : "en";
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    // The account is there either way, and its page says which language and zone it has.
    await changeProfile({ language, timeZone }).catch(() => undefined);
    await enter(next);
  };
}
