/** Who watched, how long, and what it brought in. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** Of one class. */
export type Analytics = Schemas["Report"];

/** Of all classes of the instructor. */
export type Overview = Schemas["Overview"];

const POLL_MS = 10_000;

/** Analytics of one class, renewed while the page is open. */
export function analyticsQuery(id: string) {
  return queryOptions({
    queryKey: ["analytics", id],
    queryFn: () => take(api.GET("/api/instructor/streams/{id}/analytics", { params: { path: { id } } })),
    refetchInterval: POLL_MS,
  });
}

/** Analytics over all own classes. */
export const overviewQuery = queryOptions({
  queryKey: ["analytics"],
  queryFn: () => take(api.GET("/api/instructor/analytics")),
});

/** Where the numbers are downloaded for a spreadsheet; of all classes without `id`. */
export function csvUrl(id?: string): string {
  return id ? `/api/instructor/streams/${id}/analytics.csv` : "/api/instructor/analytics.csv";
}
