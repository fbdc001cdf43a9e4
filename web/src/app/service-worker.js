// Stands at `/sw.js`. It shows push messages and opens what they are about; and it answers for a server that is not
// reached with a page of ours. It stores nothing: every page, answer and picture comes from the server or not at all, and
// a new version of this file brings its own page.

/** By `build/service-worker.ts`: `offline.html`. */
const OFFLINE_PAGE = __OFFLINE_PAGE__;
/** The page is whole: it loads nothing, and asks the server only whether it is back. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

/** Everything but pages goes past this worker, where the browser can be told so. */
const PAST = {
  condition: { or: ["cors", "no-cors", "same-origin"].map((requestMode) => ({ requestMode })) },
  source: "network",
};

self.addEventListener("install", (event) => {
  event.addRoutes?.(PAST).catch(() => undefined);
  void self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  // The page's request does not wait for this worker to start.
  const preload = self.registration.navigationPreload?.enable();
  event.waitUntil(Promise.all([preload, self.clients.claim()]));
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(page(event));
});

async function page(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY };
    return new Response(OFFLINE_PAGE, { status: 503, headers });
  }
}

self.addEventListener("push", (event) => {
  const { title, body, url } = event.data?.json() ?? {};
  const shown = self.registration.showNotification(title ?? "Lectern", { body, data: { url }, icon: "/favicon.svg" });
  event.waitUntil(shown);
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? "/", self.location.origin);
  event.waitUntil(self.clients.openWindow(url.href));
});
