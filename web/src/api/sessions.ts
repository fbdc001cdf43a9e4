/** Classes as viewers see them. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { SessionStatus } from "./types";

/** Changes of status and viewer counts are seen within this time. */
const ONE_POLL_MS = 3_000;
const LIST_POLL_MS = 5_000;
/** As many as the server gives at once. */
const LIST_LIMIT = 100;

/** Classes of one status; upcoming ones soonest first, ended ones latest first. */
export function sessionsQuery(status: SessionStatus) {
  return queryOptions({
    queryKey: ["sessions", { status }],
    queryFn: async () => {
      const query = { status, limit: LIST_LIMIT };
      return (await take(api.GET("/api/live/sessions", { params: { query } }))).sessions;
    },
    refetchInterval: LIST_POLL_MS,
  });
}

/** One class. */
export function sessionQuery(id: string) {
  return queryOptions({
    queryKey: ["sessions", id],
    queryFn: () => take(api.GET("/api/live/sessions/{id}", { params: { path: { id } } })),
    refetchInterval: ONE_POLL_MS,
  });
}

/** A bearer token for WHEP. */
export async function watchToken(id: string): Promise<string> {
  return (await take(api.POST("/api/live/sessions/{id}/watch-token", { params: { path: { id } } }))).token;
}

/** Enrols the signed-in viewer for the class's price; again it changes nothing. */
export async function enrol(id: string): Promise<void> {
  await take(api.POST("/api/live/sessions/{id}/enrol", { params: { path: { id } } }));
}
