import type { TFunction } from "i18next";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checkPlan, defaultStart, toNewSession } from "./plan";

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
    isPublic: false,
    recordingEnabled: false,
  });
});

test.each([
  ["title", { title: "  " }],
  ["date", { date: "" }],
  ["date", { date: "2026-03-19" }],
  ["time", { time: "" }],
  ["minutes", { minutes: "4" }],
  ["minutes", { minutes: "90.5" }],
])("a wrong %s is pointed at: %o", (field, changes) => {
  expect(Object.keys(checkPlan(form(changes), t))).toEqual([field]);
});

test("a good plan passes", () => {
  expect(checkPlan(form(), t)).toEqual({});
});

test("the proposed start is the next quarter of an hour", () => {
  expect(defaultStart().time).toMatch(/:15$/);
});
