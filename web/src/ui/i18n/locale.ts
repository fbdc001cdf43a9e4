/** How dates and numbers are written: the page's language, in the reader's own regional variant of it. */
import { useTranslation } from "react-i18next";

/** A tag such as `en-GB` for a reader whose page is in English and whose browser prefers the British kind. */
export function useLocale(): string {
  const { i18n } = useTranslation();
  return regional(i18n.language, navigator.languages);
}

/** The first of `preferred` that is a variant of `language`, or `language` itself. */
export function regional(language: string, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;
}
