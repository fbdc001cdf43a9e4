/** What a planning form means: checks, and wall-clock time in a zone made into an instant. */
import type { TFunction } from "i18next";
import { Temporal } from "temporal-polyfill";
import type { NewSession } from "../../api/types";
import type { FieldErrors } from "../../ui/use-form";
import { text } from "../../ui/use-form";

const MINUTES = { min: 5, max: 720 };
/** A class may be planned for the minute that has just begun. */
const LATE_MS = 5 * 60_000;

/** Finds fault with a plan. */
export function checkPlan(data: FormData, t: TFunction): FieldErrors {
  const errors: FieldErrors = {};
  if (!text(data, "title")) errors.title = t("form.required");
  if (!text(data, "date")) errors.date = t("form.required");
  if (!text(data, "time")) errors.time = t("form.required");
  const minutes = Number(text(data, "minutes"));
  if (!Number.isInteger(minutes) || minutes < MINUTES.min || minutes > MINUTES.max) {
    errors.minutes = t("form.minutes");
  }
  if (!errors.date && !errors.time && Date.parse(startOf(data)) < Date.now() - LATE_MS) {
    errors.date = t("form.past");
  }
  return errors;
}

/** The request that a checked form stands for. */
export function toNewSession(data: FormData): NewSession {
  const description = text(data, "description");
  const topic = text(data, "topic");
  const phase = text(data, "phase");
  return {
    title: text(data, "title"),
    scheduledStart: startOf(data),
    durationMinutes: Number(text(data, "minutes")),
    timeZone: text(data, "zone"),
    isPublic: data.has("isPublic"),
    recordingEnabled: data.has("record"),
    ...(description ? { description } : {}),
    ...(topic ? { topic } : {}),
    ...(phase ? { phaseId: Number(phase) } : {}),
  };
}

/** The next full quarter of an hour, as the form's fields want it. */
export function defaultStart(): { date: string; time: string } {
  const now = Temporal.Now.zonedDateTimeISO();
  const start = now.round({ smallestUnit: "minute", roundingIncrement: 15, roundingMode: "ceil" });
  return { date: start.toPlainDate().toString(), time: start.toPlainTime().toString({ smallestUnit: "minute" }) };
}

/** The instant of the form's date and time in its zone, in UTC. An hour that DST skips becomes the one after it. */
function startOf(data: FormData): string {
  const local = Temporal.PlainDateTime.from(`${text(data, "date")}T${text(data, "time")}`);
  return local.toZonedDateTime(text(data, "zone")).toInstant().toString();
}
