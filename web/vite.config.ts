/** How the client is built, served while developing and tested. */
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget } from "./build/budget.ts";
import { precompress } from "./build/precompress.ts";

/** The server that `npm run dev` passes requests on to. */
const server = process.env.LECTERN_URL ?? "http://127.0.0.1:8080";
const proxied = ["/api", "/whip", "/whep", "/media"];

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress(), budget()],
  build: {
    // Inlined data: URLs would need a wider content security policy.
    assetsInlineLimit: 0,
    // The replay engine is one large library, loaded only on the page that needs it.
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: {
      ...Object.fromEntries(proxied.map((path) => [path, { target: server }])),
      "/live": { target: server, ws: true },
    },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true, unstubGlobals: true },
});
