/** A point in time, to the minute. */
import { useLocale } from "./i18n/locale";

/** Date and time in the reader's own zone; nothing for none. */
export function Moment({ at }: { at: string | null | undefined }) {
  const locale = useLocale();
  if (!at) return null;
  const format = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  return (
    <time dateTime={at} className="whitespace-nowrap">
      {format.format(new Date(at))}
    </time>
  );
}
