// Shows push messages, and opens what they are about. It caches nothing: the page is always the server's own.
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
