/** Lengths of time in words. */
import { useTranslation } from "react-i18next";
import { useLocale } from "./i18n/locale";

/** Gives "45 s", "12 min" or "3.5 h" in the reader's language. */
export function useLength(): (seconds: number) => string {
  const { t } = useTranslation();
  const locale = useLocale();
  const number = (value: number, digits: number) => value.toLocaleString(locale, { maximumFractionDigits: digits });
  return (seconds) => {
    if (seconds < 60) return t("length.seconds", { number: number(seconds, 0) });
    if (seconds < 3600) return t("length.minutes", { number: number(seconds / 60, 0) });
    return t("length.hours", { number: number(seconds / 3600, 1) });
  };
}
