/** How and about what a person wants to be told. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { Instructor, NotificationPreferences } from "./types";

/** The present choice. */
export const preferencesQuery = queryOptions({
  queryKey: ["notifications", "preferences"],
  queryFn: () => take(api.GET("/api/notifications/preferences")),
});

/** Changes it as a whole. */
export function savePreferences(body: NotificationPreferences): Promise<NotificationPreferences> {
  return take(api.PUT("/api/notifications/preferences", { body }));
}

/** The server's public key for push messages, in base64url. */
export async function pushKey(): Promise<string> {
  return (await take(api.GET("/api/push/key"))).publicKey;
}

/** Lets the server send to this browser. */
export async function subscribeBrowser(subscription: PushSubscription): Promise<void> {
  const { endpoint = "", keys } = subscription.toJSON();
  const body = { endpoint, keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" } };
  await take(api.POST("/api/push/subscriptions", { body }));
}

/** No more of that. */
export async function unsubscribeBrowser(endpoint: string): Promise<void> {
  await take(api.DELETE("/api/push/subscriptions", { body: { endpoint } }));
}

/** One instructor. */
export function instructorQuery(id: string) {
  return queryOptions({
    queryKey: ["instructors", id],
    queryFn: (): Promise<Instructor> => take(api.GET("/api/instructors/{id}", at(id))),
  });
}

/** Follows an instructor, or no more: new classes are told then. */
export async function follow(id: string, on: boolean): Promise<void> {
  if (on) await take(api.POST("/api/instructors/{id}/follow", at(id)));
  else await take(api.DELETE("/api/instructors/{id}/follow", at(id)));
}

function at(id: string) {
  return { params: { path: { id } } };
}
