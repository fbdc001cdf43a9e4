/** When a class takes place, in the reader's time and, where it differs, in the class's own. */
import { CalendarDays } from "lucide-react";
import { useLocale } from "./i18n/locale";
import { elsewhere, span } from "./time";

interface ClassTimeProps {
  start: string;
  minutes: number;
  zone: string;
}

/** Day and hours on two lines. */
export function ClassTime({ start, minutes, zone }: ClassTimeProps) {
  const locale = useLocale();
  const { day, hours } = span(start, minutes, locale);
  const there = elsewhere(start, minutes, zone, locale);
  return (
    <p className="flex gap-2 text-sm">
      <CalendarDays className="mt-0.5 size-4 shrink-0 text-muted" aria-hidden="true" />
      <span className="min-w-0">
        <time dateTime={start} className="font-medium">
          {day}, <span className="whitespace-nowrap">{hours}</span>
        </time>
        {there ? <span className="block text-muted">{there}</span> : null}
      </span>
    </p>
  );
}
