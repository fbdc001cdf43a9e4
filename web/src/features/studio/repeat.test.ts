import { expect, test } from "vitest";
import { dayOf, occurrences, type Repeat, repeatOf, ruleOf } from "./repeat";

const weekly = (changes: Partial<Repeat> = {}): Repeat => ({ every: 1, days: ["WE"], end: null, ...changes });
const starts = (repeat: Repeat, date: string, most = 3) =>
  occurrences(repeat, date, "14:00", "Europe/Amsterdam", most).map(({ start }) => start);

test.each([
  [weekly(), "FREQ=WEEKLY;BYDAY=WE"],
  [weekly({ every: 2, days: ["MO", "WE"] }), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"],
  [weekly({ end: { after: 10 } }), "FREQ=WEEKLY;BYDAY=WE;COUNT=10"],
  [weekly({ end: { on: "2026-06-30" } }), "FREQ=WEEKLY;BYDAY=WE;UNTIL=20260630"],
])("%j is the rule %s", (repeat, rule) => {
  expect(ruleOf(repeat)).toBe(rule);
});

test("a class at two in Amsterdam stays at two after the clocks change, and the change is told once", () => {
  const dates = occurrences(weekly(), "2026-03-18", "14:00", "Europe/Amsterdam", 4);
  expect(dates).toEqual([
    { start: "2026-03-18T13:00:00Z", clockChanged: false },
    { start: "2026-03-25T13:00:00Z", clockChanged: false },
    { start: "2026-04-01T12:00:00Z", clockChanged: true },
    { start: "2026-04-08T12:00:00Z", clockChanged: false },
  ]);
});

test("days before the first date of its week are left out", () => {
  expect(starts(weekly({ days: ["MO", "WE", "FR"] }), "2026-05-06")).toEqual([
    "2026-05-06T12:00:00Z",
    "2026-05-08T12:00:00Z",
    "2026-05-11T12:00:00Z",
  ]);
});

test("every other week, and no further than the end", () => {
  expect(starts(weekly({ every: 2 }), "2026-05-06")).toEqual([
    "2026-05-06T12:00:00Z",
    "2026-05-20T12:00:00Z",
    "2026-06-03T12:00:00Z",
  ]);
  expect(starts(weekly({ end: { on: "2026-05-13" } }), "2026-05-06", 9)).toHaveLength(2);
  expect(starts(weekly({ end: { after: 2 } }), "2026-05-06", 9)).toHaveLength(2);
});

test("the form's fields make the repetition", () => {
  const data = new FormData();
  expect(repeatOf(data)).toBeNull();
  for (const [name, value] of [
    ["repeat", "2"],
    ["day", "FR"],
    ["day", "MO"],
    ["end", "after"],
    ["after", "6"],
  ] as const) {
    data.append(name, value);
  }
  expect(repeatOf(data)).toEqual({ every: 2, days: ["MO", "FR"], end: { after: 6 } });
  expect(dayOf("2026-05-06")).toBe("WE");
});
