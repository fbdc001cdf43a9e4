/** Opening a page without a network, or without a server: a page of ours says so and goes on by itself. */
import type { Browser, Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import type { Server } from "./support/server";
import { expect, test } from "./support/test";

test.use({ instance: "offline" });

/** A browser that has been here before: its worker runs, and answers for the page. */
async function visited(browser: Browser, server: Server, locale: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url, locale, serviceWorkers: "allow" });
  const page = await context.newPage();
  await page.goto("/streams");
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
  });
  return page;
}

const TEXTS = [
  { locale: "en-GB", title: "You are offline", retry: "Try again", classes: "Classes" },
  { locale: "nl-NL", title: "Je bent offline", retry: "Opnieuw proberen", classes: "Lessen" },
];

for (const { locale, title, retry, classes } of TEXTS) {
  test(`a reload without a network shows a page in ${locale}, which goes on when there is one`, async ({
    browser,
    server,
  }) => {
    const page = await visited(browser, server, locale);
    await page.context().setOffline(true);
    await page.reload();
    await expect(page.getByRole("heading", { name: title })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("button", { name: retry }).click();
    await expect(page.getByRole("heading", { name: title })).toBeVisible();

    await page.context().setOffline(false);
    await expect(page.getByRole("heading", { name: classes, exact: true })).toBeVisible();
    await expect(page).toHaveURL(/\/streams$/);
    await page.context().close();
  });
}

test("an absent server is no absent network, and the page goes on when it is back", async ({ browser, server }) => {
  const page = await visited(browser, server, "en-GB");
  await server.kill();
  await page.goto("/workouts");
  await expect(page.getByRole("heading", { name: "The server cannot be reached" })).toBeVisible();
  await server.start();
  await expect(page.getByRole("heading", { name: "Library", exact: true })).toBeVisible();
  await page.context().close();
});

test("nothing of the server's is kept: neither answers nor pages nor media", async ({ browser, server }) => {
  const page = await visited(browser, server, "en-GB");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Classes", exact: true })).toBeVisible();
  expect(await page.evaluate(() => caches.keys())).toEqual([]);
  await page.context().close();
});

test("a page of an older version gets over its missing files: it is loaded anew", async ({ open }) => {
  const page = await open();
  await page.goto("/streams");
  // As after an update of the server: files have other names now, and the old ones are not there.
  let missing = 0;
  await page.route(/\/assets\/login-page-.*\.js$/, async (route) => {
    missing += 1;
    if (missing === 1) await route.fulfill({ status: 404, contentType: "application/problem+json", body: "{}" });
    else await route.continue();
  });
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByLabel("E-mail")).toBeVisible();
  expect(missing).toBeGreaterThan(1);
});
