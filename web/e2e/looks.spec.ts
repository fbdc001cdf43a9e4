/**
 * How the main pages look: golden pictures at three widths, light and dark, in Dutch and English, with a tolerance for
 * fonts; and on each of them that nothing is cut off. `--update-snapshots` makes them anew.
 */
import type { Page } from "@playwright/test";
import { expectLooks } from "./support/looks";
import { CLASSES, setScene, watchPath } from "./support/scene";
import { expect, test } from "./support/test";

test.use({ instance: "looks" });

const PAGES = { streams: "/streams", watch: watchPath("soon") };
const WIDTHS = [360, 768, 1280];
const LOOKS = [
  { colorScheme: "light", locale: "nl-NL" },
  { colorScheme: "dark", locale: "en-GB" },
] as const;
/** The other two ways to combine them, at one width. */
const CROSSED = [
  { colorScheme: "dark", locale: "nl-NL" },
  { colorScheme: "light", locale: "en-GB" },
] as const;

const all = [
  ...WIDTHS.flatMap((width) => LOOKS.map((look) => ({ width, ...look }))),
  ...CROSSED.map((look) => ({ width: 1280, ...look })),
];

for (const [name, path] of Object.entries(PAGES)) {
  for (const { width, colorScheme, locale } of all) {
    const language = locale.slice(0, 2);
    test(`${name} at ${width} px, ${colorScheme}, ${language}`, async ({ browser, server }) => {
      const viewport = { width, height: 800 };
      const context = await browser.newContext({ baseURL: server.url, viewport, colorScheme, locale });
      const page = await context.newPage();
      await setScene(page);
      await page.goto(path);
      await settled(page);
      expect(await cutOff(page)).toEqual([]);
      // The address holds the server's port, which is another one each time.
      const mask = [page.locator("code")];
      await expect(page).toHaveScreenshot(`${name}-${width}-${colorScheme}-${language}.png`, {
        maxDiffPixelRatio: 0.03,
        animations: "disabled",
        mask,
      });
      await context.close();
    });
  }
}

test("the account page", async ({ open }) => {
  const page = await open();
  await setScene(page);
  await expectLooks(page, { name: "account", path: "/account", prepare: settled });
});

test("times are right on both sides of the change to summer time, here and in the zone of the class", async ({
  browser,
  server,
}) => {
  const context = await browser.newContext({ baseURL: server.url, timezoneId: "America/New_York", locale: "en-GB" });
  const page = await context.newPage();
  await setScene(page);
  await page.goto("/streams");
  // Both at 14:00 UTC: Saturday in winter time and Sunday in summer time in Amsterdam; New York changed weeks before.
  await expect(card(page, "soon")).toContainText("10:00 – 11:00");
  await expect(card(page, "soon")).toContainText("15:00 – 16:00, Amsterdam");
  await expect(card(page, "afterTheChange")).toContainText("10:00 – 11:00");
  await expect(card(page, "afterTheChange")).toContainText("16:00 – 17:00, Amsterdam");
  await context.close();
});

function card(page: Page, which: keyof typeof CLASSES) {
  return page.locator(`[data-session="${(CLASSES[which] as { id: string }).id}"]`);
}

/** Waits until what is loaded later is there. */
async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.waitForLoadState("networkidle");
  await expect(page.locator(".animate-pulse")).toHaveCount(0);
}

/** Texts that do not fit in what holds them, and pages that scroll sideways. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} px wide`);
    for (const element of document.querySelectorAll<HTMLElement>(
      "h1, h2, h3, p, a, button, label, dt, dd, [role=tab]",
    )) {
      const style = getComputedStyle(element);
      const hidden = style.position === "absolute" || style.visibility === "hidden" || element.offsetParent === null;
      if (!hidden && element.scrollWidth > element.clientWidth + 1 && style.display !== "inline") {
        found.push(`${element.tagName} "${(element.textContent ?? "").slice(0, 40)}"`);
      }
    }
    return found;
  });
}
