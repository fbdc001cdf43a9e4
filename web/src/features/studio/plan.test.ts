import type { TFunction } from "i18next";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Session } from "../../api/types";
import { checkPlan, defaultStart, startFields, toChange, toNewSession } from "./plan";

const t = ((key: string) => key) as unknown as TFunction;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-20T10:07:00Z") });
});

afterEach(() => {
  vi.useRealTimers();
});

function form(changes: Record<string, string> = {}): FormData {
  const data = new FormData();
  const fields = { title: "Class", date: "2026-03-25", time: "14:00", zone: "Europe/Amsterdam", minutes: "60" };
  for (const [name, value] of Object.entries({ ...fields, ...changes })) data.set(name, value);
  return data;
}

test("the time is taken in the chosen zone, before and after summer time begins", () => {
  expect(toNewSession(form()).scheduledStart).toBe("2026-03-25T13:00:00Z");
  expect(toNewSession(form({ date: "2026-04-01" })).scheduledStart).toBe("2026-04-01T12:00:00Z");
});

test("an hour that summer time skips becomes the one after it", () => {
  expect(toNewSession(form({ date: "2026-03-29", time: "02:30" })).scheduledStart).toBe("2026-03-29T01:30:00Z");
});

test("what is left empty is not sent", () => {
  expect(toNewSession(form({ topic: " ", phase: "" }))).toEqual({
    title: "Class",
    scheduledStart: "2026-03-25T13:00:00Z",
    durationMinutes: 60,
    timeZone: "Europe/Amsterdam",
    priceInTokens: 0,
    isPublic: false,
    isOpenToSubscribers: false,
    goesLiveWithMedia: false,
    isKeptForCatalogue: false,
    recordingEnabled: false,
  });
});

const planned = {
  scheduledDate: "2026-03-25T13:00:00Z",
  duration: 60,
  timeZone: "Europe/Amsterdam",
} as Session;

test("a change of one class moves it only where its time was changed", () => {
  expect(toChange(form(), planned, "one")).not.toHaveProperty("scheduledStart");
  expect(toChange(form({ time: "15:00" }), planned, "one").scheduledStart).toBe("2026-03-25T14:00:00Z");
  expect(toChange(form({ topic: "" }), planned, "one").topic).toBeNull();
});

test("a change of a whole series leaves every time alone", () => {
  const change = toChange(form({ time: "15:00", zone: "UTC", price: "5" }), planned, "all");
  expect(change).toMatchObject({ title: "Class", priceInTokens: 5 });
  expect(change).not.toHaveProperty("scheduledStart");
  expect(change).not.toHaveProperty("timeZone");
});

test("the form shows a class in its own zone", () => {
  expect(startFields(planned)).toEqual({ date: "2026-03-25", time: "14:00" });
});

test.each([
  ["title", { title: "  " }],
  ["date", { date: "" }],
  ["date", { date: "2026-03-19" }],
  ["time", { time: "" }],
  ["minutes", { minutes: "4" }],
  ["minutes", { minutes: "90.5" }],
  ["price", { price: "-1" }],
  ["price", { price: "2.5" }],
])("a wrong %s is pointed at: %o", (field, changes) => {
  expect(Object.keys(checkPlan(form(changes), t))).toEqual([field]);
});

test("a good plan passes", () => {
  expect(checkPlan(form(), t)).toEqual({});
});

test("the proposed start is the next quarter of an hour", () => {
  expect(defaultStart().time).toMatch(/:15$/);
});
