/** What follows a login, by whichever form, and a new account. */
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Beginning, changeProfile, forgetEverything } from "../../api/accounts";
import { ownZone } from "../../ui/time";

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

/** How an account that is made here begins: mails come in the page's language, by this browser's clock. */
export function useBeginning(): Beginning {
  const { i18n } = useTranslation();
  return { language: i18n.language === "nl" ? "nl" : "en", timeZone: ownZone() };
}

/** Enters with an account that was just made by a form of ours. */
export function useBegin(): (next: string) => Promise<void> {
  const beginning = useBeginning();
  const enter = useEnter();
  return async (next) => {
    // The account is there either way, and its page says which language and zone it has.
    await changeProfile(beginning).catch(() => undefined);
    await enter(next);
  };
}
