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

/** How people sign in here: passwords, accounts elsewhere. */
export const waysInQuery = queryOptions({
  queryKey: ["ways-in"],
  queryFn: () => take(api.GET("/api/auth/providers")),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Browsers in which the person is signed in, last used first. */
export const browsersQuery = queryOptions({
  queryKey: ["browsers"],
  queryFn: async () => (await take(api.GET("/api/auth/sessions"))).sessions,
});

/** Where the person's own calendar can be subscribed to. */
export const calendarFeedQuery = queryOptions({
  queryKey: ["calendar-feed"],
  queryFn: async () => (await take(api.GET("/api/calendar"))).url,
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

/** How an account begins that a login makes. */
export interface Beginning {
  language: "en" | "nl";
  /** IANA name. */
  timeZone: string;
}

/** Sends a link that signs in; the answer does not tell whether there is such an account. */
export async function askForLink(email: string, next: string | undefined, { language }: Beginning): Promise<void> {
  await take(api.POST("/api/auth/magic-link", { body: { email, language, ...(next ? { next } : {}) } }));
}

/** Signs in by the token of such a link; gives the path that was asked for with it. */
export async function redeemLink(token: string, beginning: Beginning): Promise<string | null> {
  return (await take(api.POST("/api/auth/magic-link/redeem", { body: { token, ...beginning } }))).next ?? null;
}

/** Address to send the browser to for an account elsewhere. */
export function providerStart(provider: string, next: string | undefined, beginning: Beginning): string {
  const query = new URLSearchParams({ ...beginning, ...(next ? { next } : {}) });
  return `/api/auth/oidc/${encodeURIComponent(provider)}/start?${query}`;
}

/** Changes name, language or time zone. */
export function changeProfile(body: Schemas["ProfileChange"]): Promise<Schemas["Account"]> {
  return take(api.PATCH("/api/auth/me", { body }));
}

/** Sets a password, or another one in its place; other browsers are signed out. */
export async function setPassword(body: Schemas["PasswordForm"]): Promise<void> {
  await take(api.PUT("/api/auth/me/password", { body }));
}

/** Signs one browser out, or all others. */
export async function signOutBrowser(id: string | "others"): Promise<void> {
  if (id === "others") await take(api.DELETE("/api/auth/sessions"));
  else await take(api.DELETE("/api/auth/sessions/{id}", { params: { path: { id } } }));
}

/** Makes a new calendar address; the old one stops working. */
export async function rotateCalendarFeed(): Promise<void> {
  await take(api.POST("/api/calendar/rotate"));
}

/** Address of everything that the server keeps of the person, as a file. */
export const EXPORT_URL = "/api/auth/me/export";

/** Deletes the account for good; its own address makes sure. */
export async function deleteAccount(email: string): Promise<void> {
  await take(api.DELETE("/api/auth/me", { body: { email } }));
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
