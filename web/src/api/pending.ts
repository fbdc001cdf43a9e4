/** Requests whose routes `schema.d.ts` does not know yet. To be replaced by `api` and removed. */
import { take } from "./client";

/** Sends JSON and takes JSON, unchecked. */
export async function call<Body = void>(method: string, path: string, body?: object): Promise<Body> {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const response = await fetch(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const parsed: unknown = isJson && text ? JSON.parse(text) : {};
  return take<Body>(
    Promise.resolve({ ...(response.ok ? { data: parsed as Body } : {}), error: parsed as object, response }),
  );
}
