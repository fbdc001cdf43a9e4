/** Classes as viewers see them. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { EnrolmentMade, Session, SessionStatus } from "./types";

/** Changes of status and viewer counts are seen within this time. */
const ONE_POLL_MS = 3_000;
const LIST_POLL_MS = 5_000;
/** As many as the server gives at once. */
const LIST_LIMIT = 100;

/** Which classes of a list are wanted. */
export interface SessionFilter {
  /** Words of the title, the topic or the instructor's name. */
  search?: string | undefined;
  /** 1 to 4. */
  phase?: number | undefined;
  instructor?: string | undefined;
}

/** Classes of one status; upcoming ones soonest first, ended ones latest first. */
export function sessionsQuery(status: SessionStatus, filter: SessionFilter = {}) {
  return queryOptions({
    queryKey: ["sessions", { status, ...filter }],
    queryFn: async () => {
      const { search, phase, instructor } = filter;
      const query = {
        status,
        limit: LIST_LIMIT,
        ...(search ? { search } : {}),
        ...(phase ? { phase } : {}),
        ...(instructor ? { instructor } : {}),
      };
      return (await take(api.GET("/api/live/sessions", { params: { query } }))).sessions;
    },
    refetchInterval: LIST_POLL_MS,
    // While another filter's classes come, the old ones stay.
    placeholderData: keepPreviousData,
  });
}

/** One class. */
export function sessionQuery(id: string) {
  return queryOptions({
    queryKey: ["sessions", id],
    queryFn: () => take(api.GET("/api/live/sessions/{id}", at(id))),
    refetchInterval: ONE_POLL_MS,
  });
}

/** A bearer token for WHEP. */
export async function watchToken(id: string): Promise<string> {
  return (await take(api.POST("/api/live/sessions/{id}/watch-token", at(id)))).token;
}

/** Enrols the signed-in viewer for the class's price; again it changes nothing. */
export function enrol(id: string): Promise<EnrolmentMade> {
  return take(api.POST("/api/live/sessions/{id}/enrol", at(id)));
}

/** Sets a reminder for the signed-in viewer, or takes it back. */
export async function setReminder(id: string, on: boolean): Promise<void> {
  if (on) await take(api.POST("/api/live/sessions/{id}/reminder", at(id)));
  else await take(api.DELETE("/api/live/sessions/{id}/reminder", at(id)));
}

/** Counts playback of a replay. Outlives the page; a count that does not arrive is not worth a word. */
export function tellWatched(id: string, seconds: number): void {
  const body = JSON.stringify({ kind: "replay", seconds });
  const headers = { "Content-Type": "application/json" };
  fetch(`/api/live/sessions/${id}/watched`, { method: "POST", headers, body, keepalive: true }).catch(() => {});
}

/** Address of the HLS playlist of a class: while it is live with all that was, afterwards the replay. */
export function playlistOf(session: Pick<Session, "id" | "hlsUrl">): string {
  return session.hlsUrl ?? `/api/live/sessions/${session.id}/hls/master.m3u8`;
}

/** Address of the small pictures of a class's replay, once there are some. */
export function storyboardOf({ id, recording }: Pick<Session, "id" | "recording">): string | null {
  return recording?.hasStoryboard ? `/api/live/sessions/${id}/hls/storyboard.vtt` : null;
}

/** Address of a class's calendar file. */
export function calendarFile(id: string): string {
  return `/api/live/sessions/${id}/calendar`;
}

function at(id: string) {
  return { params: { path: { id } } };
}
