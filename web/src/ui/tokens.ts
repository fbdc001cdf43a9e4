/** Tokens as people read them. */
import { useTranslation } from "react-i18next";
import { useLocale } from "./i18n/locale";

/** Gives "1 token" or "1,250 tokens" in the reader's language. */
export function useTokens(): (count: number) => string {
  const { t } = useTranslation();
  const locale = useLocale();
  return (count) => t("common.tokens", { count, number: count.toLocaleString(locale) });
}
