/** Weekly repetition: the rule that the server is given, and the dates that it will make. */
import { Temporal } from "temporal-polyfill";
import { text } from "../../ui/use-form";

/** Names of the days in rules (RFC 5545), Monday first. */
export const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;

type Day = (typeof DAYS)[number];

/** Every so many weeks, on these days, until an end. */
export interface Repeat {
  every: number;
  days: Day[];
  end: { after: number } | { on: string } | null;
}

/** One date of a series. */
export interface Occurrence {
  /** In UTC. */
  start: string;
  /** The clocks were changed since the date before. */
  clockChanged: boolean;
}

/** The form's choice; null: the class takes place once. */
export function repeatOf(data: FormData): Repeat | null {
  const every = Number(text(data, "repeat"));
  if (!every) return null;
  const days = DAYS.filter((day) => data.getAll("day").includes(day));
  const end = text(data, "end");
  const after = Number(text(data, "after"));
  const on = text(data, "on");
  return { every, days, end: end === "after" && after > 0 ? { after } : end === "on" && on ? { on } : null };
}

/** The day of a date, as rules name it. */
export function dayOf(date: string): Day {
  return DAYS[Temporal.PlainDate.from(date).dayOfWeek - 1] ?? "MO";
}

/** RRULE of RFC 5545. */
export function ruleOf({ every, days, end }: Repeat): string {
  const parts = ["FREQ=WEEKLY"];
  if (every > 1) parts.push(`INTERVAL=${every}`);
  if (days.length > 0) parts.push(`BYDAY=${days.join(",")}`);
  if (end && "after" in end) parts.push(`COUNT=${end.after}`);
  if (end && "on" in end) parts.push(`UNTIL=${end.on.replaceAll("-", "")}`);
  return parts.join(";");
}

/** The first `most` dates: at the same local time in `zone`, also after the clocks were changed. */
export function occurrences(repeat: Repeat, date: string, time: string, zone: string, most: number): Occurrence[] {
  const first = Temporal.PlainDate.from(date);
  const monday = first.subtract({ days: first.dayOfWeek - 1 });
  const days = repeat.days.length > 0 ? repeat.days : [dayOf(date)];
  const limit = repeat.end && "after" in repeat.end ? Math.min(most, repeat.end.after) : most;
  const last = repeat.end && "on" in repeat.end ? Temporal.PlainDate.from(repeat.end.on) : null;
  const found: Occurrence[] = [];
  let offset: number | null = null;
  for (let week = 0; found.length < limit && week < limit * repeat.every + repeat.every; week += repeat.every) {
    for (const day of days) {
      const on = monday.add({ days: week * 7 + DAYS.indexOf(day) });
      if (found.length >= limit || Temporal.PlainDate.compare(on, first) < 0) continue;
      if (last && Temporal.PlainDate.compare(on, last) > 0) return found;
      const at = on.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(time) });
      found.push({
        start: at.toInstant().toString(),
        clockChanged: offset !== null && offset !== at.offsetNanoseconds,
      });
      offset = at.offsetNanoseconds;
    }
  }
  return found;
}
