/** `test` with one server for all clients, on which somebody is signed in who may plan classes. */
import * as pages from "../../../web/e2e/support/pages";
import { test as base, expect, openPage, type Page } from "../../../web/e2e/support/test";
import { Site } from "./site";

export { expect, type Page };

/** A request that a test answers in the server's place. */
export type Route = Parameters<Parameters<Page["route"]>[1]>[0];

/** A public class, and where other software publishes and plays it. */
export interface Class {
  /** Its id in the API and in the pages' addresses. */
  session: string;
  /** WHIP endpoint, and the key that it wants as bearer token. */
  whip: string;
  key: string;
  /** WHEP endpoint, open to everybody. */
  whep: string;
}

interface Fixtures {
  /** Plans a public class with this title. */
  plan: (title: string) => Promise<Class>;
  /** Opens a page of another site, in a browser profile of its own. Closed after the test. */
  visit: () => Promise<Page>;
}

interface WorkerFixtures {
  /** A page in which the administrator is signed in. */
  teacher: Page;
  /** The other site. */
  site: Site;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  teacher: [
    async ({ browser, server }, use) => {
      const teacher = await openPage(browser, server);
      await pages.setUp(teacher, server.setupLink);
      await use(teacher);
      await teacher.context().close();
    },
    { scope: "worker" },
  ],
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needs of a fixture from this pattern
    async ({}, use) => {
      const site = await Site.open();
      await use(site);
      await site.close();
    },
    { scope: "worker" },
  ],
  plan: async ({ teacher, server }, use) => {
    await use(async (title) => {
      await teacher.goto(server.url);
      const session = await pages.planClass(teacher, title);
      const answer = await teacher.request.get(`${server.url}/api/instructor/streams/${session}/ingest`);
      const { whipUrl, streamKey } = (await answer.json()) as { whipUrl: string; streamKey: string };
      return { session, whip: whipUrl, key: streamKey, whep: `${server.url}/whep/${session}` };
    });
  },
  visit: async ({ open, site }, use) => {
    await use(async () => {
      const page = await open();
      await page.goto(site.url);
      return page;
    });
  },
});
