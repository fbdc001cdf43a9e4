/**
 * How a page looks and whether everybody can use it: golden pictures at three widths, in both themes and languages, axe,
 * and nothing wider than the screen. `npx playwright test … --update-snapshots` renews the pictures.
 */
import { expect, type Page } from "@playwright/test";
import { expectAccessible } from "./axe";

/** Each value of each choice is there, not each with each. */
const VARIATIONS = [
  { width: 360, theme: "light", language: "nl" },
  { width: 768, theme: "dark", language: "nl" },
  { width: 1280, theme: "light", language: "en" },
  { width: 360, theme: "dark", language: "en" },
] as const;
/** Letters are drawn a little differently by each version of the browser. */
const TOLERANCE = 0.01;
interface Shown {
  name: string;
  path: string;
  /** Brings the page into the state that is looked at; after the page has loaded. */
  prepare?: (page: Page) => Promise<void>;
}

/** Looks at the page in each variation. */
export async function expectLooks(page: Page, { name, path, prepare }: Shown): Promise<void> {
  for (const { width, theme, language } of VARIATIONS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.addInitScript((chosen) => localStorage.setItem("lectern.language", chosen), language);
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await prepare?.(page);
    await expectFits(page);
    await expectAccessible(page);
    const picture = `${name}-${width}-${theme}-${language}.png`;
    await expect(page).toHaveScreenshot(picture, { fullPage: true, maxDiffPixelRatio: TOLERANCE });
  }
}

/** Nothing makes the page scroll sideways. */
async function expectFits(page: Page): Promise<void> {
  const extra = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(extra).toBe(0);
}
