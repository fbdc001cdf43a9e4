/** Same-origin requests, checked against the server's own description of its API, with its errors made into one type. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Problem = components["schemas"]["Problem"];

/** Sends requests by path; the login travels in a cookie. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => fetch(request) });

/** The server said no (RFC 9457). A server that is not reached is the network's own `TypeError`. */
class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** The stable word at the end of the problem's `type`; null if there was no problem document. */
  readonly code: string | null;
  /** Names of the fields that the server does not accept. */
  readonly fields: string[];
  /** How long the server asks us to wait, in seconds. */
  readonly retryAfterS: number | null;
  /** With `insufficient-balance`: the tokens that are there, and those that it costs. */
  readonly balance: number | null;
  readonly price: number | null;

  constructor(status: number, problem: Partial<Problem>, retryAfter: string | null = null) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`);
    this.status = status;
    this.code = problem.type?.split("/").pop() ?? null;
    this.fields = (problem.errors ?? []).map((error) => error.path);
    const seconds = Number(retryAfter ?? Number.NaN);
    this.retryAfterS = Number.isFinite(seconds) ? seconds : null;
    this.balance = problem.balance ?? null;
    this.price = problem.price ?? null;
  }
}

/** The body of a successful answer. Throws `ApiError` for any other. */
export async function take<Body>(call: Promise<{ data?: Body; error?: unknown; response: Response }>): Promise<Body> {
  const { data, error, response } = await call;
  if (response.ok) return data as Body;
  const problem = typeof error === "object" ? (error ?? {}) : {};
  throw new ApiError(response.status, problem, response.headers.get("Retry-After"));
}
