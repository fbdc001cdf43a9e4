/** Starts the client: the texts, the page's code and its first questions are fetched side by side, then it is drawn. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, startTransition } from "react";
import { createRoot } from "react-dom/client";
import { startI18n } from "../ui/i18n/i18n";
import { statusOf } from "../ui/problem";
import { makeRouter } from "./router";
import "./styles.css";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal does not change by asking again; a server that is restarting does.
      retry: (failures, error) => failures < 2 && [0, 502, 503, 504].includes(statusOf(error) ?? -1),
      // What was asked while the page's code was on its way is not asked again by the page.
      staleTime: 2_000,
      // The server may be on this very machine, reachable without any network.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

async function start(): Promise<void> {
  const router = makeRouter(queries);
  await Promise.all([startI18n(), router.load()]);
  const root = document.getElementById("root");
  if (!root) return;
  const app = (
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>
  );
  // Drawn in slices, so that a slow phone heeds its user meanwhile.
  startTransition(() => createRoot(root).render(app));
}

/** The worker answers for a server that is not reached. It is not worth waiting for: everything else is fetched first. */
function keepWatch(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const register = () => void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

void start();
keepWatch();
