import { expect, test } from "vitest";
import type { OwnSession } from "../../api/types";
import { arrange, type Listing, listing } from "./listing";

const one = (title: string, status: string, day: number, figures: Partial<OwnSession> = {}) =>
  ({
    title,
    status,
    scheduledDate: `2026-03-${day}T14:00:00Z`,
    totalEnrollments: 0,
    revenueTokens: 0,
    maxViewers: 0,
    ...figures,
  }) as OwnSession;

const sessions = [
  one("Discovery", "ended", 10, { totalEnrollments: 3, maxViewers: 9 }),
  one("Closing", "upcoming", 30, { revenueTokens: 50 }),
  one("Questions", "live", 20),
  one("Discovery again", "cancelled", 25),
];

test.each<[Listing, string[]]>([
  [{}, ["Questions", "Closing", "Discovery again", "Discovery"]],
  [{ order: "oldest" }, ["Questions", "Discovery", "Discovery again", "Closing"]],
  [{ order: "enrolments", status: "ended" }, ["Discovery"]],
  [{ order: "revenue" }, ["Closing", "Discovery again", "Questions", "Discovery"]],
  [{ order: "viewers", search: " DISC " }, ["Discovery", "Discovery again"]],
  [{ search: "nothing like it" }, []],
])("%j shows %j", (choice, titles) => {
  expect(arrange(sessions, choice).map((session) => session.title)).toEqual(titles);
});

test("an address from elsewhere does no harm", () => {
  expect(listing({ status: "x", order: 5, search: ["a"] })).toEqual({});
  expect(listing({ status: "live", order: "oldest", search: "a" })).toEqual({
    status: "live",
    order: "oldest",
    search: "a",
  });
});
