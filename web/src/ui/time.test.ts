import { afterEach, expect, test, vi } from "vitest";
import { clock, daysUntil, elsewhere, span } from "./time";

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  [0, "0:00"],
  [65.9, "1:05"],
  [3_723, "1:02:03"],
  [Number.NaN, "0:00"],
  [-3, "0:00"],
])("%f seconds read %s", (seconds, text) => {
  expect(clock(seconds)).toBe(text);
});

test("a weekly class at two o'clock in Amsterdam keeps its hour over the change to winter time", () => {
  const zone = "Europe/Amsterdam";
  expect(span("2026-10-21T12:00:00Z", 60, "nl", zone).hours).toBe("14:00 – 15:00");
  expect(span("2026-10-28T13:00:00Z", 60, "nl", zone).hours).toBe("14:00 – 15:00");
});

test("the class's own time is told only where it differs from the reader's", () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(elsewhere("2026-03-04T14:00:00Z", 60, own, "en-GB")).toBeNull();
  expect(elsewhere("2026-03-04T14:00:00Z", 60, "Asia/Kathmandu", "en-GB")).toBe("19:45 – 20:45, Kathmandu");
  expect(elsewhere("2026-03-04T14:00:00Z", 60, "Mars/Olympus", "en-GB")).toBeNull();
});

test("days left are rounded up and never below zero", () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  expect(daysUntil("2026-03-08T12:00:00Z")).toBe(7);
  expect(daysUntil("2026-03-01T13:00:00Z")).toBe(1);
  expect(daysUntil("2026-02-01T00:00:00Z")).toBe(0);
});
