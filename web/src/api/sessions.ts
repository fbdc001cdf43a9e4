/** Classes as viewers see them. */
import { queryOptions } from "@tanstack/react-query";
import { request } from "./request";
import type { MediaToken, Session, SessionStatus } from "./types";

/** Changes of status and viewer counts are seen within this time. */
const LIVE_POLL_MS = 3_000;
const LIST_POLL_MS = 5_000;

/** Classes of one status; upcoming ones soonest first, ended ones latest first. */
export function sessionsQuery(status: SessionStatus) {
  return queryOptions({
    queryKey: ["sessions", { status }],
    queryFn: async () => {
      const { sessions } = await request<{ sessions: Session[] }>(
        "GET",
        `/api/live/sessions?status=${status}&limit=100`,
      );
      const direction = status === "upcoming" ? 1 : -1;
      return sessions.toSorted((a, b) => direction * (Date.parse(a.scheduledDate) - Date.parse(b.scheduledDate)));
    },
    refetchInterval: LIST_POLL_MS,
  });
}

/** One class. */
export function sessionQuery(id: string) {
  return queryOptions({
    queryKey: ["sessions", id],
    queryFn: () => request<Session>("GET", `/api/live/sessions/${encodeURIComponent(id)}`),
    refetchInterval: LIVE_POLL_MS,
  });
}

/** A bearer token for WHEP. */
export async function watchToken(id: string): Promise<string> {
  return (await request<MediaToken>("POST", `/api/live/sessions/${encodeURIComponent(id)}/watch-token`)).token;
}
