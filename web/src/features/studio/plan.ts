/** What a planning form means: checks, and wall-clock time in a zone made into an instant. */
import type { TFunction } from "i18next";
import { Temporal } from "temporal-polyfill";
import type { NewSession, Session, SessionChange } from "../../api/types";
import type { FieldErrors } from "../../ui/use-form";
import { text } from "../../ui/use-form";

const MINUTES = { min: 5, max: 720 };
const MOST_TOKENS = 1_000_000;
/** A class may be planned for the minute that has just begun. */
const LATE_MS = 5 * 60_000;

/** Whether a change is for one class, or for all of its series that are still to come. */
export type Scope = "one" | "all";

/** Finds fault with a plan. `keepsTime`: its time is not decided here, and may have passed. */
export function checkPlan(data: FormData, t: TFunction, keepsTime = false): FieldErrors {
  const errors: FieldErrors = {};
  if (!text(data, "title")) errors.title = t("form.required");
  if (!text(data, "date")) errors.date = t("form.required");
  if (!text(data, "time")) errors.time = t("form.required");
  const minutes = Number(text(data, "minutes"));
  if (!Number.isInteger(minutes) || minutes < MINUTES.min || minutes > MINUTES.max) {
    errors.minutes = t("form.minutes");
  }
  const price = Number(text(data, "price"));
  if (!Number.isInteger(price) || price < 0 || price > MOST_TOKENS) errors.price = t("form.price");
  if (!keepsTime && !errors.date && !errors.time && Date.parse(startOf(data)) < Date.now() - LATE_MS) {
    errors.date = t("form.past");
  }
  return errors;
}

/** The request that a checked form stands for. */
export function toNewSession(data: FormData): NewSession {
  const { description, topic, phaseId, level, ...rest } = told(data);
  return {
    ...rest,
    scheduledStart: startOf(data),
    timeZone: text(data, "zone"),
    ...(description ? { description } : {}),
    ...(topic ? { topic } : {}),
    ...(phaseId ? { phaseId } : {}),
    ...(level ? { level } : {}),
  };
}

/** What a checked form changes. Times are left alone for a whole series, and where they are as they were. */
export function toChange(data: FormData, session: Session, scope: Scope): SessionChange {
  const { durationMinutes, ...rest } = told(data);
  const length = durationMinutes === session.duration ? {} : { durationMinutes };
  if (scope === "all") return { ...rest, ...length };
  const scheduledStart = startOf(data);
  const timeZone = text(data, "zone");
  const moved = Date.parse(scheduledStart) !== Date.parse(session.scheduledDate);
  return { ...rest, ...length, ...(moved && { scheduledStart }), ...(timeZone !== session.timeZone && { timeZone }) };
}

/** Everything but the time. */
function told(data: FormData) {
  return {
    title: text(data, "title"),
    description: text(data, "description") || null,
    topic: text(data, "topic") || null,
    phaseId: Number(text(data, "phase")) || null,
    level: text(data, "level") || null,
    durationMinutes: Number(text(data, "minutes")),
    priceInTokens: Number(text(data, "price")),
    isPublic: data.has("isPublic"),
    isOpenToSubscribers: data.has("isOpenToSubscribers"),
    goesLiveWithMedia: data.has("goesLiveWithMedia"),
    isKeptForCatalogue: data.has("isKeptForCatalogue"),
    recordingEnabled: data.has("record"),
  };
}

/** A class's start as the form's fields want it, in the class's own zone. */
export function startFields(session: Session): { date: string; time: string } {
  const start = Temporal.Instant.from(session.scheduledDate).toZonedDateTimeISO(session.timeZone);
  return { date: start.toPlainDate().toString(), time: start.toPlainTime().toString({ smallestUnit: "minute" }) };
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
