/** What admins see and do. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type AdminUser = Schemas["User"];
export type Role = Schemas["Role"];
export type Tier = Schemas["Tier"];
export type Job = Schemas["Job"];
export type JobServer = Schemas["JobServer"];
export type JobState = Schemas["JobState"];
export type AuditEntry = Schemas["AuditEntry"];
export type Health = Schemas["Health"];
export type Setting = Schemas["Setting"];
export type Run = Schemas["Run"];
export type Recording = Schemas["AdminRecording"];
export type DailyWork = operations["start_run"]["parameters"]["path"]["name"];

const POLL_MS = 5_000;
/** Health is plotted: the plots move at this pace. */
const HEALTH_POLL_MS = 2_000;
const PAGE = 50;

/** Users, latest first, by part of the name or address and by role. */
export function usersQuery(search: string, role: Role | null) {
  return infiniteQueryOptions({
    queryKey: ["admin", "users", search, role],
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE, ...(search && { search }), ...(role && { role }), ...before(pageParam) };
      return take(api.GET("/api/admin/users", { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => (page.hasMore ? (page.users.at(-1)?.id ?? null) : null),
  });
}

/** Changes what a user may do and has subscribed to. */
export function changeRights(id: string, body: { role?: Role; tier?: Tier }): Promise<AdminUser> {
  return take(api.PATCH("/api/admin/users/{id}", { params: { path: { id } }, body }));
}

/** Gives tokens; a retry with the same `key` gives them once. */
export async function grantTokens(id: string, amount: number, reason: string, key: string): Promise<void> {
  const params = { path: { id }, header: { "Idempotency-Key": key } };
  await take(api.POST("/api/admin/users/{id}/tokens", { params, body: { amount, reason } }));
}

/** Jobs, latest first, with how many there are of each state. */
export function jobsQuery(state: JobState | null) {
  return infiniteQueryOptions({
    queryKey: ["admin", "jobs", state],
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE, ...(state && { state }), ...before(pageParam) };
      return take(api.GET("/api/admin/jobs", { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => (page.hasMore ? (page.jobs.at(-1)?.id ?? null) : null),
    refetchInterval: POLL_MS,
  });
}

/** Tries a job again now: by the server that it is for, or by any. */
export async function retryJob(id: string, anywhere: boolean): Promise<void> {
  await take(api.POST("/api/admin/jobs/{id}/retry", { params: { path: { id }, query: { anywhere } } }));
}

/** Gives a job up for good. */
export async function deleteJob(id: string): Promise<void> {
  await take(api.DELETE("/api/admin/jobs/{id}", { params: { path: { id } } }));
}

/** What was done, latest first. */
export const auditQuery = infiniteQueryOptions({
  queryKey: ["admin", "audit"],
  queryFn: ({ pageParam }) =>
    take(api.GET("/api/admin/audit", { params: { query: { limit: PAGE, ...before(pageParam) } } })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => (page.hasMore ? (page.entries.at(-1)?.id ?? null) : null),
});

/** The last runs of the daily work. */
export const runsQuery = queryOptions({
  queryKey: ["admin", "runs"],
  queryFn: async () => (await take(api.GET("/api/admin/runs"))).runs,
  refetchInterval: POLL_MS,
});

/** Does some of the daily work now. */
export function startRun(name: DailyWork): Promise<Run> {
  return take(api.POST("/api/admin/runs/{name}", { params: { path: { name } } }));
}

/** Recordings and the room they take. */
export const recordingsQuery = queryOptions({
  queryKey: ["admin", "recordings"],
  queryFn: () => take(api.GET("/api/admin/recordings")),
});

/** Settings that may be changed while the server runs. */
export const settingsQuery = queryOptions({
  queryKey: ["admin", "settings"],
  queryFn: async () => (await take(api.GET("/api/admin/settings"))).settings,
});

/** Changes settings by key. */
export async function changeSettings(changes: Record<string, unknown>): Promise<void> {
  await take(api.PATCH("/api/admin/settings", { body: changes }));
}

/** How the server is at this moment. */
export const healthQuery = queryOptions({
  queryKey: ["admin", "health"],
  queryFn: () => take(api.GET("/api/admin/health")),
  refetchInterval: HEALTH_POLL_MS,
});

/** Whether the example data is there. */
export const sampleQuery = queryOptions({
  queryKey: ["admin", "sample"],
  queryFn: async () => (await take(api.GET("/api/admin/sample"))).loaded,
});

/** Loads the example data, once. */
export async function loadSample(): Promise<void> {
  await take(api.POST("/api/admin/sample"));
}

/** Takes the example data away. */
export async function removeSample(): Promise<void> {
  await take(api.DELETE("/api/admin/sample"));
}

function before(key: string | null): { before?: string } {
  return key ? { before: key } : {};
}
