/** Push messages in this very browser. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { pushKey, subscribeBrowser, unsubscribeBrowser } from "../../api/notifications";

/**
 * - `unsupported`: this browser cannot, or not on a page without https
 * - `blocked`: the person told the browser never to ask
 */
type PushState = "unsupported" | "blocked" | "off" | "on";

const KEY = ["push", "here"];

/** The present state, and the switch. */
export function usePush() {
  const queries = useQueryClient();
  const { data: state } = useQuery({ queryKey: KEY, queryFn: readState });
  const change = useMutation({
    mutationFn: (on: boolean) => (on ? subscribe() : unsubscribe()),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
  return { state, pending: change.isPending, error: change.error, change: change.mutate };
}

async function readState(): Promise<PushState> {
  if (!("serviceWorker" in navigator) || !("PushManager" in globalThis)) return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ? "on" : "off";
}

async function subscribe(): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") return;
  await navigator.serviceWorker.register("/sw.js");
  const registration = await navigator.serviceWorker.ready;
  const applicationServerKey = await pushKey();
  await subscribeBrowser(await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
}

async function unsubscribe(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return;
  await unsubscribeBrowser(subscription.endpoint);
  await subscription.unsubscribe();
}
