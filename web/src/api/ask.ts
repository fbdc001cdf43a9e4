/** Requests to routes that the generated description does not hold. */
import { take } from "./client";

/** Asks for JSON, or sends it; throws what `take` throws. */
export async function ask<Body>(
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Body> {
  const init =
    body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { method, ...init });
  const data = response.status === 204 ? undefined : await response.json().catch(() => undefined);
  return take(Promise.resolve(response.ok ? { data: data as Body, response } : { error: data, response }));
}
