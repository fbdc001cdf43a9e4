/** Same-origin requests to the server's API, with its errors made into one type. */

/** A field that the server does not accept, and why. */
interface FieldProblem {
  path?: string;
  field?: string;
  message: string;
}

/** The server said no (RFC 9457), or could not be reached: then `status` is 0. */
class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** Last part of the problem's `type`, for example `not-found`; empty if there is none. */
  readonly code: string;
  /** Messages by field name, for forms. */
  readonly fields: Record<string, string>;

  constructor(message: string, status: number, code = "", fields: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** Sends one request and gives the JSON of its answer. Throws `ApiError` for everything that is not a success. */
export async function request<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new ApiError(error instanceof Error ? error.message : String(error), 0);
  }
  if (!response.ok) throw await toError(response);
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return (isJson ? await response.json() : undefined) as Answer;
}

async function toError(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as {
    type?: string;
    title?: string;
    detail?: string;
    errors?: FieldProblem[];
  };
  const fields: Record<string, string> = {};
  for (const { path, field, message } of problem.errors ?? []) fields[path ?? field ?? ""] = message;
  const code = problem.type?.split(/[/:#]/).pop() ?? "";
  return new ApiError(problem.detail ?? problem.title ?? response.statusText, response.status, code, fields);
}
