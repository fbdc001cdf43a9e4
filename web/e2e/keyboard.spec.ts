/** Everything by keyboard: each control of each page is reached by Tab, shows that it has the focus, and works. */
import type { Page } from "@playwright/test";
import { ALL_PAGES, openPlace, type Place } from "./support/all-pages";
import { expect, test } from "./support/test";

test.use({ instance: "keyboard" });

/** More steps than any page has controls. */
const MOST_STEPS = 120;

test("Tab reaches every control of every page, and one sees where one is", async ({ open }) => {
  for (const place of ALL_PAGES) {
    const page = await open();
    await openPlace(page, place);
    const wanted = await controls(page);
    const { reached, seen } = await walk(page, wanted.length);
    const missing = (from: Set<string>) => wanted.filter((control) => !from.has(control));
    expect.soft(missing(reached), `not reached on ${place.name}`).toEqual([]);
    expect.soft(missing(seen), `no visible focus on ${place.name}`).toEqual([]);
    await page.close();
  }
});

test("the first Tab offers to skip the navigation", async ({ open }) => {
  const page = await open();
  await openPlace(page, named("streams"));
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
});

test("a menu opens, is walked through, closes, and gives the focus back", async ({ open }) => {
  const page = await open();
  await openPlace(page, named("studio"));
  const more = page.getByRole("button", { name: /^More for/ }).first();
  await more.focus();
  await page.keyboard.press("Enter");
  const items = page.getByRole("menuitem");
  await expect(items.first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(items.nth(1)).toBeFocused();
  await page.keyboard.press("Home");
  await expect(items.first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(items).toHaveCount(0);
  await expect(more).toBeFocused();
});

test("a question keeps the focus until it is answered, and gives it back", async ({ open }) => {
  const page = await open();
  await openPlace(page, named("broadcast"));
  const trigger = page.getByRole("button", { name: "New key" });
  await trigger.focus();
  await page.keyboard.press("Enter");
  const question = page.getByRole("alertdialog");
  // The way back has the focus: Enter alone does nothing that cannot be undone.
  await expect(question.getByRole("button", { name: "Cancel" })).toBeFocused();
  await expectTrap(page, question);
  await page.keyboard.press("Escape");
  await expect(question).toHaveCount(0);
  await expect(trigger).toBeFocused();
});

test("a form in a dialog is filled in and sent, and gives the focus back", async ({ open }) => {
  const page = await open();
  await openPlace(page, named("admin/users"));
  const trigger = page.getByRole("button", { name: "Give tokens to Sarah van Dijk" });
  await trigger.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expectTrap(page, dialog);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(trigger).toBeFocused();
});

test("a class is found, and its page is opened", async ({ open }) => {
  const page = await open();
  await openPlace(page, named("streams"));
  await tabTo(page, page.getByRole("searchbox"));
  await page.keyboard.type("Open evening");
  await expect(page).toHaveURL(/q=Open/);
  const details = page.getByRole("link", { name: "Details: Open evening" });
  await expect(page.getByRole("article")).toHaveCount(1);
  await tabTo(page, details);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/watch$/);
  await expect(page.getByRole("heading", { level: 1, name: "Open evening" })).toBeVisible();
});

test("the tabs of the conversation go by arrows, and a message is sent by Enter", async ({ open }) => {
  const page = await open();
  await openPlace(page, named("waiting room"));
  await tabTo(page, page.getByRole("tab", { name: "Chat" }));
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Polls" })).toBeFocused();
  await expect(page.getByRole("tab", { name: "Polls" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowLeft");
  await tabTo(page, page.getByRole("textbox", { name: "Your message" }));
  await page.keyboard.type("Hello");
  const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/chat"));
  await page.keyboard.press("Enter");
  expect((await sent).postDataJSON()).toEqual({ message: "Hello" });
});

test("a vote is chosen by arrows and given by Enter", async ({ open }) => {
  const page = await open();
  await openPlace(page, named("live class"));
  await tabTo(page, page.getByRole("tab", { name: "Chat" }));
  await page.keyboard.press("ArrowRight");
  await tabTo(page, page.getByRole("radio").first());
  await page.keyboard.press("ArrowDown");
  const chosen = page.getByRole("radio").nth(1);
  await expect(chosen).toBeFocused();
  await expect(chosen).toBeChecked();
  const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/vote"));
  await page.keyboard.press("Enter");
  expect((await sent).postDataJSON()).toEqual({ optionId: await chosen.getAttribute("value") });
});

function named(name: string): Place {
  const place = ALL_PAGES.find((one) => one.name === name);
  if (!place) throw new Error(`no page is called ${name}`);
  return place;
}

/** Names of what can be pressed or filled in, as a walk by Tab should meet it; of a group of radios or tabs, its one. */
function controls(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const all = document.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, summary, [tabindex]");
    const seen = [...all].filter((element) => {
      const input = element instanceof HTMLInputElement ? element : null;
      const inGroup =
        input?.type === "radio" && !input.checked && document.querySelector(`[name="${input.name}"]`) !== input;
      return (
        element.checkVisibility({ visibilityProperty: true }) &&
        // Groups hand the focus on to the one of theirs that has it.
        !element.matches(":disabled, [type=hidden], [tabindex='-1'], [inert] *, [role=tablist], [role=radiogroup]") &&
        !inGroup
      );
    });
    seen.forEach((element, index) => {
      element.dataset.control = `${index} ${element.tagName} ${element.ariaLabel ?? element.textContent ?? ""}`.trim();
    });
    return seen.map((element) => element.dataset.control ?? "");
  });
}

/** Presses Tab until every control was met, or the page's end. */
async function walk(page: Page, most: number): Promise<{ reached: Set<string>; seen: Set<string> }> {
  const reached = new Set<string>();
  const seen = new Set<string>();
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let step = 0; step < MOST_STEPS && reached.size < most; step += 1) {
    await page.keyboard.press("Tab");
    const { name, visible } = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      // A label around a radio button shows the focus for it.
      const shows = [element, element.closest("label")].some((one) => {
        if (!one) return false;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
        return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
      });
      return { name: element.dataset.control ?? "", visible: shows };
    });
    if (name) reached.add(name);
    if (name && visible) seen.add(name);
  }
  return { reached, seen };
}

async function tabTo(page: Page, target: ReturnType<Page["locator"]>): Promise<void> {
  await expect(target).toBeVisible();
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}

/** However often one presses Tab, either way, the focus stays inside. */
async function expectTrap(page: Page, dialog: ReturnType<Page["locator"]>): Promise<void> {
  await expect(dialog).toBeVisible();
  for (const key of ["Tab", "Tab", "Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab"]) {
    await page.keyboard.press(key);
    expect(await dialog.evaluate((element) => element.contains(document.activeElement)), key).toBe(true);
  }
}
