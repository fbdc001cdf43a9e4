/** Amounts of storage as people read them. */
import { useLocale } from "./i18n/locale";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Gives "1.5 GB" in the reader's language. */
export function useBytes(): (bytes: number) => string {
  const locale = useLocale();
  return (bytes) => {
    const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
    const format = new Intl.NumberFormat(locale, {
      style: "unit",
      unit: UNITS[power] ?? "byte",
      maximumFractionDigits: power > 1 ? 1 : 0,
    });
    return format.format(bytes / 1000 ** power);
  };
}
