/** `test` with the server, and pages that have a clock for a camera. */
import { writeFile } from "node:fs/promises";
import { type Browser, test as base, expect, type Page } from "@playwright/test";
import { installCamera } from "./camera";
import { installProbe } from "./probe";
import { Server } from "./server";

export { expect, type Page };

interface Fixtures {
  /** Opens a page in a browser profile of its own, signed out. Closed after the test. */
  open: () => Promise<Page>;
  /** Keeps the server's log beside a failed test's screenshots. */
  serverLog: undefined;
}

interface WorkerFixtures {
  /** Names the server that a file of tests has for itself: `test.use({ instance: "crash" })`. */
  instance: string;
  /** That server; it has seen nothing before the file's first test. */
  server: Server;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  instance: ["", { option: true, scope: "worker" }],
  server: [
    async ({ instance: _ }, use) => {
      const server = await Server.fresh();
      await use(server);
      await server.dispose();
    },
    { scope: "worker" },
  ],
  serverLog: [
    async ({ server }, use, info) => {
      const from = server.log.length;
      await use(undefined);
      if (info.status === info.expectedStatus) return;
      await writeFile(info.outputPath("server.log"), server.log.slice(from));
    },
    { auto: true },
  ],
  open: async ({ browser, server }, use) => {
    const pages: Page[] = [];
    await use(async () => {
      const page = await openPage(browser, server);
      pages.push(page);
      return page;
    });
    await Promise.all(pages.map((page) => page.context().close()));
  },
});

/** A page in a new profile whose camera shows the time and whose media a test can measure. */
export async function openPage(browser: Browser, server: Server): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url });
  await context.addInitScript(installCamera);
  await context.addInitScript(installProbe);
  return context.newPage();
}
