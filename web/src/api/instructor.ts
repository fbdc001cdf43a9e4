/** Classes as their instructor runs them. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { NewSession, Session, SessionChange } from "./types";

const POLL_MS = 5_000;
const ONE_POLL_MS = 3_000;

/** The instructor's own classes, latest first. */
export const ownSessionsQuery = queryOptions({
  queryKey: ["instructor", "sessions"],
  queryFn: async () => (await take(api.GET("/api/instructor/streams"))).sessions,
  refetchInterval: POLL_MS,
});

/** One of them, with what it brings in. */
export function ownSessionQuery(id: string) {
  return queryOptions({
    queryKey: ["instructor", "sessions", id],
    queryFn: () => take(api.GET("/api/instructor/streams/{id}", at(id))),
    refetchInterval: ONE_POLL_MS,
  });
}

/** WHIP URL and stream key of one class. */
export function ingestQuery(id: string) {
  return queryOptions({
    queryKey: ["instructor", "ingest", id],
    queryFn: () => take(api.GET("/api/instructor/streams/{id}/ingest", at(id))),
  });
}

/** Plans a class. */
export function createSession(body: NewSession): Promise<Session> {
  return take(api.POST("/api/instructor/streams/create", { body }));
}

/** Plans a weekly series of classes like `session`; gives those that are planned by now. */
export async function createSeries(rule: string, session: NewSession): Promise<Session[]> {
  return (await take(api.POST("/api/instructor/series", { body: { rule, session } }))).sessions;
}

/** Changes one class. */
export async function changeSession(id: string, body: SessionChange): Promise<void> {
  await take(api.PATCH("/api/instructor/streams/{id}", { ...at(id), body }));
}

/** Changes all classes of a series that are still to come; their times stay. */
export async function changeSeries(id: string, body: SessionChange): Promise<void> {
  await take(api.PATCH("/api/instructor/series/{id}", { ...at(id), body }));
}

/** Calls a class off; everybody gets their tokens back. */
export async function cancelSession(id: string): Promise<void> {
  await take(api.POST("/api/instructor/streams/{id}/cancel", at(id)));
}

/** Calls off all classes of a series that are still to come. */
export async function cancelSeries(id: string): Promise<void> {
  await take(api.POST("/api/instructor/series/{id}/cancel", at(id)));
}

/** Takes a class off the schedule, with its recording. */
export async function deleteSession(id: string): Promise<void> {
  await take(api.DELETE("/api/instructor/streams/{id}", at(id)));
}

/** Declares a class live. */
export function startSession(id: string): Promise<Session> {
  return take(api.POST("/api/instructor/streams/{id}/start", at(id)));
}

/** Ends a class: viewers are told and the recording is finished. */
export function endSession(id: string): Promise<Session> {
  return take(api.POST("/api/instructor/streams/{id}/end", at(id)));
}

/** Makes a new stream key; the old one stops working. */
export async function rotateKey(id: string): Promise<void> {
  await take(api.POST("/api/instructor/streams/{id}/ingest/rotate", at(id)));
}

/** A bearer token for WHIP. */
export async function publishToken(id: string): Promise<string> {
  return (await take(api.POST("/api/live/sessions/{id}/publish-token", at(id)))).token;
}

/** Makes a picture the class's thumbnail. */
export async function uploadThumbnail(id: string, file: File): Promise<void> {
  const form = new FormData();
  form.set("file", file);
  // The description knows a file by its fields; sent is the form itself.
  const bodySerializer = () => form;
  await take(
    api.POST("/api/instructor/streams/{id}/thumbnail", { ...at(id), body: { file: file.name }, bodySerializer }),
  );
}

/** Where the whole replay is downloaded as one file. */
export function downloadUrl(id: string): string {
  return `/api/instructor/streams/${id}/download`;
}

function at(id: string) {
  return { params: { path: { id } } };
}
