/** Dates, times and lengths as people write them in their language. */

/** A day and a time span in one zone. */
export interface Span {
  /** For example "Wednesday 22 January". */
  day: string;
  /** For example "15:00 – 16:00". */
  hours: string;
}

/** When a class of `minutes` begins and ends, seen in `zone` (the reader's own if not given). */
export function span(start: string, minutes: number, language: string, zone?: string): Span {
  const from = new Date(start);
  const to = new Date(from.getTime() + minutes * 60_000);
  const inZone = zone ? { timeZone: zone } : {};
  const sameYear = from.getFullYear() === new Date().getFullYear();
  const day = new Intl.DateTimeFormat(language, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
    ...inZone,
  });
  const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", ...inZone });
  return { day: capitalise(day.format(from)), hours: `${hour.format(from)} – ${hour.format(to)}` };
}

/** The same instant in the class's own zone where its clock differs from the reader's then; null where it does not. */
export function elsewhere(start: string, minutes: number, zone: string, language: string): string | null {
  try {
    const there = span(start, minutes, language, zone);
    const here = span(start, minutes, language);
    if (there.day === here.day && there.hours === here.hours) return null;
    const city = zone.split("/").pop()?.replaceAll("_", " ") ?? zone;
    return there.day === here.day ? `${there.hours}, ${city}` : `${there.day}, ${there.hours}, ${city}`;
  } catch {
    // A zone that this browser does not know.
    return null;
  }
}

/** Seconds as a player's clock: 4:05, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** The reader's clock at an instant, for example "15:04". */
export function timeOfDay(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

/** The reader's day and clock at an instant, for example "4 Mar 2026, 15:04". */
export function dateAndTime(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

/** Whole days from now until `at`, rounded up; 0 when it has passed. */
export function daysUntil(at: string): number {
  return Math.max(0, Math.ceil((Date.parse(at) - Date.now()) / 86_400_000));
}

/** The reader's own zone, an IANA name. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function capitalise(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
