/** Says in the reader's language what went wrong and what to do about it. */
import i18next, { type TFunction } from "i18next";
import type { problem } from "./i18n/en/problem";

/** A failure in plain words. */
export interface Explanation {
  title: string;
  hint: string;
}

type Code = keyof typeof problem.codes;

/** What a status says when nothing more is said: a proxy answered, or a library of the server's. */
const BY_STATUS: Partial<Record<number, Code>> = {
  400: "bad-request",
  401: "unauthenticated",
  402: "insufficient-balance",
  403: "forbidden",
  404: "not-found",
  413: "too-large",
  415: "unsupported-media-type",
  422: "invalid",
  429: "too-many-requests",
  500: "internal",
  503: "unavailable",
};

/** Explains any error that a request or a connection can throw. */
export function explain(error: unknown, t: TFunction): Explanation {
  const kind = linkKind(error) ?? networkKind(statusOf(error));
  if (kind) return { title: t(`problem.${kind}.title`), hint: t(`problem.${kind}.hint`) };
  const code = knownCode(codeOf(error)) ?? BY_STATUS[statusOf(error) ?? 0];
  if (code) return { title: t(`problem.codes.${code}.title`), hint: t(`problem.codes.${code}.hint`) };
  return { title: t("problem.unknown.title"), hint: t("problem.unknown.hint") };
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

/** Which text belongs to a server that was not reached, or not behind its proxy. */
function networkKind(status: number | null): "offline" | "away" | null {
  if (status === 0) return "offline";
  return status === 502 || status === 504 ? "away" : null;
}

function knownCode(code: string | null): Code | undefined {
  return code !== null && i18next.exists(`problem.codes.${code}`) ? (code as Code) : undefined;
}
