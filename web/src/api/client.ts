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
  /** Names of the fields that the server does not accept. */
  readonly fields: string[];

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`);
    this.status = status;
    this.fields = (problem.errors ?? []).map((error) => error.path);
  }
}

/** The body of a successful answer. Throws `ApiError` for any other. */
export async function take<Body>(call: Promise<{ data?: Body; error?: unknown; response: Response }>): Promise<Body> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ApiError(response.status, typeof error === "object" ? (error ?? {}) : {});
  return data as Body;
}
