/** Classes as their instructor runs them. */
import { queryOptions } from "@tanstack/react-query";
import { request } from "./request";
import type { Ingest, MediaToken, NewSession, Session } from "./types";

const POLL_MS = 5_000;

/** The instructor's own classes, latest first. */
export const ownSessionsQuery = queryOptions({
  queryKey: ["instructor", "sessions"],
  queryFn: async () => {
    const { sessions } = await request<{ sessions: Session[] }>("GET", "/api/instructor/streams");
    return sessions.toSorted((a, b) => Date.parse(b.scheduledDate) - Date.parse(a.scheduledDate));
  },
  refetchInterval: POLL_MS,
});

/** WHIP URL and stream key of one class. */
export function ingestQuery(id: string) {
  return queryOptions({
    queryKey: ["instructor", "ingest", id],
    queryFn: () => request<Ingest>("GET", `${own(id)}/ingest`),
  });
}

/** Plans a class. */
export function createSession(session: NewSession): Promise<Session> {
  return request("POST", "/api/instructor/streams/create", session);
}

/** Takes a class off the schedule, with its recording. */
export function deleteSession(id: string): Promise<unknown> {
  return request("DELETE", own(id));
}

/** Declares a class live. */
export function startSession(id: string): Promise<Session> {
  return request("POST", `${own(id)}/start`);
}

/** Ends a class: viewers are told and the recording is finished. */
export function endSession(id: string): Promise<Session> {
  return request("POST", `${own(id)}/end`);
}

/** Makes a new stream key; the old one stops working. */
export function rotateKey(id: string): Promise<unknown> {
  return request("POST", `${own(id)}/ingest/rotate`);
}

/** A bearer token for WHIP. */
export async function publishToken(id: string): Promise<string> {
  return (await request<MediaToken>("POST", `/api/live/sessions/${encodeURIComponent(id)}/publish-token`)).token;
}

function own(id: string): string {
  return `/api/instructor/streams/${encodeURIComponent(id)}`;
}
