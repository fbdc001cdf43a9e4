/** No text is cut off on a phone, in either language, on any page. */
import type { Page } from "@playwright/test";
import { ALL_PAGES, openPlace } from "./support/all-pages";
import { expect, test } from "./support/test";

test.use({ instance: "fits" });

for (const language of ["nl", "en"]) {
  test(`everything can be read at 360 px in ${language}`, async ({ browser, server }) => {
    const context = await browser.newContext({
      baseURL: server.url,
      locale: language,
      viewport: { width: 360, height: 800 },
    });
    for (const place of ALL_PAGES) {
      const page = await context.newPage();
      await openPlace(page, place);
      expect.soft(await cutOff(page), place.name).toEqual([]);
      await page.close();
    }
    await context.close();
  });
}

test("a text that does not fit is found", async ({ open }) => {
  const page = await open();
  await page.setContent(
    '<div style="width:90px;overflow:hidden"><p style="white-space:nowrap">Verantwoordelijk</p></div>',
  );
  expect(await cutOff(page)).toEqual(["P: Verantwoordelijk"]);
});

/** Elements with text of their own that reaches beyond what shows it: themselves, what holds them, the screen. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    // Addresses and keys are shown in part on purpose, with a button that copies all of it.
    const inPart = "code, option, [aria-hidden=true] *, svg *";
    const elements = [...document.querySelectorAll<HTMLElement>("body *")].filter((element) => {
      const hasText = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim(),
      );
      return hasText && !element.matches(inPart) && element.checkVisibility({ visibilityProperty: true });
    });
    return elements
      .filter((element) => !isWhole(element))
      .map((element) => `${element.tagName}: ${element.textContent}`);

    function isWhole(element: HTMLElement): boolean {
      const range = document.createRange();
      range.selectNodeContents(element);
      const text = range.getBoundingClientRect();
      if (text.width === 0) return true;
      for (let box: HTMLElement | null = element; box && box !== document.body; box = box.parentElement) {
        const { overflowX } = getComputedStyle(box);
        if (overflowX === "auto" || overflowX === "scroll") return true; // the rest can be scrolled to
        const { left, right, width } = box.getBoundingClientRect();
        if (width <= 1) return true; // for screen readers alone
        if (overflowX !== "visible" && (text.right > right + 1 || text.left < left - 1)) return false;
      }
      // The link over the header that a keyboard brings out stands above the screen.
      return text.bottom < 0 || (text.left >= -1 && text.right <= document.documentElement.clientWidth + 1);
    }
  });
}
