/** Says in the reader's language what went wrong and what to do about it. */
import type { TFunction } from "i18next";

/** A failure in plain words. */
export interface Explanation {
  title: string;
  hint: string;
}

/** Problems that have words of their own, by the server's name for them. */
const CODES = [
  "chat-too-fast",
  "chat-too-long",
  "chat-empty",
  "chat-banned-words",
  "chat-muted",
  "chat-banned",
  "session-not-live",
  "already-voted",
  "poll-closed",
  "too-many-polls",
  "too-many-questions",
  "insufficient-balance",
  "link-expired",
] as const;
const KNOWN = [400, 401, 402, 403, 404, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504] as const;

/** Explains any error that a request or a connection can throw. */
export function explain(error: unknown, t: TFunction): Explanation {
  const kind = linkKind(error);
  if (kind) return { title: t(`problem.${kind}.title`), hint: t(`problem.${kind}.hint`) };
  const code = CODES.find((candidate) => candidate === codeOf(error));
  if (code) return { title: t(`problem.${code}.title`), hint: t(`problem.${code}.hint`) };
  const status = statusOf(error);
  const known = KNOWN.find((candidate) => candidate === status);
  if (status === 0) return { title: t("problem.offline.title"), hint: t("problem.offline.hint") };
  if (known === undefined) return { title: t("problem.unknown.title"), hint: t("problem.unknown.hint") };
  return { title: t(`problem.s${known}.title`), hint: t(`problem.s${known}.hint`) };
}

/** The HTTP status of an error; 0 when the server was not reached, null when it has none. */
export function statusOf(error: unknown): number | null {
  if (error instanceof TypeError) return 0;
  if (typeof error !== "object" || error === null || !("status" in error)) return null;
  return typeof error.status === "number" ? error.status : null;
}

/** The server's stable word for a problem, or null. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** Which text belongs to a connection that broke, as `media` names it. */
function linkKind(error: unknown): "noPath" | "interrupted" | "replaced" | null {
  if (typeof error !== "object" || error === null || !("kind" in error)) return null;
  if (error.kind === "no-path") return "noPath";
  if (error.kind === "replaced") return "replaced";
  return error.kind === "interrupted" || error.kind === "closed" ? "interrupted" : null;
}
