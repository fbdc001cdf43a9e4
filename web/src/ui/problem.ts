/** Says in the reader's language what went wrong and what to do about it. */
import type { TFunction } from "i18next";

/** A failure in plain words. */
export interface Explanation {
  title: string;
  hint: string;
}

const KNOWN = [400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504] as const;

/** Explains any error that a request or a connection can throw. */
export function explain(error: unknown, t: TFunction): Explanation {
  if (isBlocked(error)) return { title: t("problem.noPath.title"), hint: t("problem.noPath.hint") };
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

/** The server answers by HTTP while its media does not arrive. */
function isBlocked(error: unknown): boolean {
  return typeof error === "object" && error !== null && "kind" in error && error.kind === "no-path";
}
