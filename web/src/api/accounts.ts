/** Who is signed in, and how that changes. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** The signed-in user, or null. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async () => (await take(api.GET("/api/auth/me"))).user ?? null,
  staleTime: 60_000,
});

/** Whether the first admin is still to be made. */
export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: async () => (await take(api.GET("/api/setup"))).needed,
  staleTime: 60_000,
});

/** Makes the first admin with the one-time token of the server's start, and signs them in. */
export async function setUp(body: Schemas["SetupForm"]): Promise<void> {
  await take(api.POST("/api/setup", { body }));
}

/** Signs in by cookie. */
export async function logIn(body: Schemas["LoginForm"]): Promise<void> {
  await take(api.POST("/api/auth/login", { body }));
}

/** Makes a viewer's account and signs in. */
export async function signUp(body: Schemas["SignupForm"]): Promise<void> {
  await take(api.POST("/api/auth/signup", { body }));
}

/** Asks anew for everything on the page, and drops the rest: another person sees other things. */
export async function forgetEverything(queries: QueryClient): Promise<void> {
  queries.removeQueries({ type: "inactive" });
  await queries.resetQueries();
}

/** Ends the login. */
export async function logOut(): Promise<void> {
  await take(api.POST("/api/auth/logout"));
}
