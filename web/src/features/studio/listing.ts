/** Which of the instructor's classes are shown, and in which order. */
import type { OwnSession } from "../../api/types";

/** What can be chosen. */
export const STATUSES = ["all", "upcoming", "live", "ended", "cancelled"] as const;
export const ORDERS = ["newest", "oldest", "enrolments", "revenue", "viewers"] as const;

/** The choice, as it stands in the page's address. */
export interface Listing {
  status?: (typeof STATUSES)[number];
  order?: (typeof ORDERS)[number];
  search?: string;
}

/** Reads the choice from an address; what it does not know is left out. */
export function listing(search: Record<string, unknown>): Listing {
  const status = STATUSES.find((one) => one === search.status);
  const order = ORDERS.find((one) => one === search.order);
  const words = typeof search.search === "string" ? search.search : "";
  return { ...(status && { status }), ...(order && { order }), ...(words && { search: words }) };
}

/** The classes of the choice. Those that are live come first in every order of time. */
export function arrange(
  sessions: OwnSession[],
  { status = "all", order = "newest", search = "" }: Listing,
): OwnSession[] {
  const words = search.trim().toLocaleLowerCase();
  return sessions
    .filter((session) => status === "all" || session.status === status)
    .filter((session) => session.title.toLocaleLowerCase().includes(words))
    .toSorted(COMPARE[order]);
}

const at = (session: OwnSession) => Date.parse(session.scheduledDate);
const live = (session: OwnSession) => Number(session.status === "live");

const COMPARE: Record<(typeof ORDERS)[number], (a: OwnSession, b: OwnSession) => number> = {
  newest: (a, b) => live(b) - live(a) || at(b) - at(a),
  oldest: (a, b) => live(b) - live(a) || at(a) - at(b),
  enrolments: (a, b) => b.totalEnrollments - a.totalEnrollments || at(b) - at(a),
  revenue: (a, b) => b.revenueTokens - a.revenueTokens || at(b) - at(a),
  viewers: (a, b) => b.maxViewers - a.maxViewers || at(b) - at(a),
};
