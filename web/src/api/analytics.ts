/** Who watched, how long, and what it brought in. */
import { queryOptions } from "@tanstack/react-query";
import { ask } from "./ask";

const POLL_MS = 10_000;

/** Of one class. */
export interface Analytics {
  sessionId: string;
  /** How many watched, over time. */
  points: { at: string; viewers: number }[];
  joins: number;
  leaves: number;
  uniqueViewers: number;
  peakViewers: number;
  averageWatchSeconds: number;
  chatMessages: number;
  chatters: number;
  pollVotes: number;
  reactions: number;
  questions: number;
  enrolments: number;
  revenueTokens: number;
  replayViews: number;
  replaySeconds: number;
}

/** Of all classes of the instructor. */
export interface Overview {
  /** When classes were held, and how many watched; Monday is 1. */
  slots: { weekday: number; hour: number; sessions: number; averageViewers: number }[];
  totals: { sessions: number; enrolments: number; revenueTokens: number; peakViewers: number; watchSeconds: number };
}

/** Analytics of one class, renewed while the page is open. */
export function analyticsQuery(id: string) {
  return queryOptions({
    queryKey: ["analytics", id],
    queryFn: () => ask<Analytics>("GET", `/api/instructor/streams/${id}/analytics`),
    refetchInterval: POLL_MS,
  });
}

/** Analytics over all own classes. */
export const overviewQuery = queryOptions({
  queryKey: ["analytics"],
  queryFn: () => ask<Overview>("GET", "/api/instructor/analytics"),
});

/** Where the numbers are downloaded for a spreadsheet; of all classes without `id`. */
export function csvUrl(id?: string): string {
  return id ? `/api/instructor/streams/${id}/analytics.csv` : "/api/instructor/analytics.csv";
}
