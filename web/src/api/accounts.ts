/** Who is signed in, and how that changes. */
import { queryOptions } from "@tanstack/react-query";
import { request } from "./request";
import type { User } from "./types";

/** The signed-in user, or null. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async () => (await request<{ user: User | null }>("GET", "/api/auth/me")).user,
  staleTime: 60_000,
});

/** Whether the first admin is still to be made. */
export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: async () => (await request<{ needed: boolean }>("GET", "/api/setup")).needed,
  staleTime: 60_000,
});

/** Makes the first admin with the one-time token of the server's start, and signs them in. */
export function setUp(admin: { token: string; name: string; email: string; password: string }): Promise<unknown> {
  return request("POST", "/api/setup", admin);
}

/** Signs in by cookie. */
export function logIn(credentials: { email: string; password: string }): Promise<unknown> {
  return request("POST", "/api/auth/login", credentials);
}

/** Makes a viewer's account and signs in. */
export function signUp(account: { name: string; email: string; password: string }): Promise<unknown> {
  return request("POST", "/api/auth/signup", account);
}

/** Ends the login. */
export function logOut(): Promise<unknown> {
  return request("POST", "/api/auth/logout");
}
