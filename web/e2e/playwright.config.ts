/**
 * Real Chromium against the real server. Two projects: `browser` drives the product's own pages, `clients` publishes
 * with other software and watches in the page.
 */
import { defineConfig } from "@playwright/test";

// biome-ignore lint/style/noDefaultExport: this is how Playwright reads it
export default defineConfig({
  projects: [
    { name: "browser", testDir: "." },
    { name: "clients", testDir: "../../tests/clients" },
  ],
  // Media tests measure time: one at a time, and what fails once has failed.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  snapshotPathTemplate: "{testDir}/golden/{arg}{ext}",
  outputDir: process.env.TEST_OUTPUT ?? "../node_modules/.cache/e2e",
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Amsterdam",
    viewport: { width: 1280, height: 800 },
    screenshot: "only-on-failure",
    // Playwright cannot answer for a server behind a worker. `offline.spec.ts` tries the real one.
    serviceWorkers: "block",
    permissions: ["camera", "microphone"],
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--use-fake-device-for-media-stream=fps=30",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
        // The element itself stays unmuted, or the browser would not count the sound's energy.
        "--mute-audio",
      ],
    },
  },
});
