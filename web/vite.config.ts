/** How the client is built, served while developing and tested. */
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget } from "./build/budget.ts";
import { firstPage } from "./build/first-page.ts";
import { precompress } from "./build/precompress.ts";
import { serviceWorker } from "./build/service-worker.ts";

/** The server that `npm run dev` passes requests on to. */
const server = process.env.LECTERN_URL ?? "http://127.0.0.1:8080";
const proxied = ["/api", "/whip", "/whep", "/media"];

/**
 * Few files, by what is needed together: left to itself, the bundler makes one of every icon, and a phone waits for dozens
 * of answers. A file's own dependencies come with it, unless a group above has them.
 */
const groups = [
  { name: "core", tags: ["$initial" as const], priority: 4 },
  { name: "menus", test: /[\\/]src[\\/]ui[\\/](?:menu|dialog|confirm-dialog)\.tsx$|react-dropdown-menu/, priority: 3 },
  { name: "controls", test: /[\\/]src[\\/]ui[\\/](?:tabs|slider)\.tsx$/, priority: 2 },
  { name: "ui", test: /[\\/]src[\\/](?:ui|api)[\\/]|lucide-react/, minShareCount: 2, priority: 1 },
  {
    name: "player",
    test: /[\\/]src[\\/](?:media|conversation|features[\\/]watch)[\\/]/,
    minShareCount: 2,
    priority: 1,
  },
];

export default defineConfig({
  plugins: [react(), tailwindcss(), firstPage(), serviceWorker(), precompress(), budget()],
  build: {
    // Inlined data: URLs would need a wider content security policy.
    assetsInlineLimit: 0,
    // The page carries its styles (`first-page.ts`): no file of code may ask for them again.
    cssCodeSplit: false,
    // The replay engine is one large library, loaded only on the page that needs it.
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: {
    proxy: {
      ...Object.fromEntries(proxied.map((path) => [path, { target: server }])),
      "/live": { target: server, ws: true },
    },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true, unstubGlobals: true },
});
