/** Every control of the player by keyboard, on a replay of the example data: by Tab, and by the keys of the whole page. */
import type { Locator, Page } from "@playwright/test";
import * as pages from "./support/pages";
import { expect, openPage, test } from "./support/test";

test.use({ instance: "keyboard-player" });

test.describe.configure({ mode: "serial" });

let page: Page;

test.beforeAll(async ({ browser, server }) => {
  page = await openPage(browser, server);
  await pages.setUp(page, server.setupLink);
  await page.getByRole("button", { name: "Load example data" }).click();
  await page
    .getByRole("link", { name: /^Watch replay/ })
    .first()
    .click();
  await expect.poll(() => video("duration")).toBeGreaterThan(60);
});

test.afterAll(() => page?.context().close());

test("plays and pauses", async () => {
  await press("k");
  await expect.poll(() => video("paused")).toBe(false);
  await press("k");
  await expect.poll(() => video("paused")).toBe(true);
  await page.getByRole("button", { name: "Play", exact: true }).focus();
  await press("Space");
  await expect.poll(() => video("paused")).toBe(false);
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeFocused();
  await press("Space");
  await expect.poll(() => video("paused")).toBe(true);
});

test("moves through the replay", async () => {
  const position = page.getByRole("slider", { name: "Position" });
  await position.focus();
  await press("Home");
  await expect.poll(() => video("currentTime")).toBe(0);
  await press("ArrowRight");
  await expect.poll(() => video("currentTime")).toBe(1);
  await page.getByRole("button", { name: "Forward 10 seconds" }).focus();
  await press("Enter");
  await expect.poll(() => video("currentTime")).toBe(11);
  await press("ArrowRight");
  await expect.poll(() => video("currentTime")).toBe(16);
  await press("ArrowLeft");
  await expect.poll(() => video("currentTime")).toBe(11);
  await page.getByRole("button", { name: "Back 10 seconds" }).focus();
  await press("Enter");
  await expect.poll(() => video("currentTime")).toBe(1);
});

test("turns the sound down, off and on", async () => {
  await press("ArrowDown");
  await expect.poll(() => video("volume")).toBeCloseTo(0.9);
  const volume = page.getByRole("slider", { name: "Volume" });
  await volume.focus();
  await press("ArrowRight");
  await expect.poll(() => video("volume")).toBeCloseTo(0.95);
  await page.getByRole("button", { name: "Sound off" }).focus();
  await press("m");
  await expect.poll(() => video("muted")).toBe(true);
  await press("Enter");
  await expect.poll(() => video("muted")).toBe(false);
});

test("sets the speed in a menu, which gives the focus back", async () => {
  const menu = page.getByRole("button", { name: /^(Speed|Quality)$/ });
  await menu.focus();
  await press("Enter");
  const faster = page.getByRole("menuitemradio", { name: "1.5×" });
  for (let step = 0; step < 10 && !(await isFocused(faster)); step += 1) await press("ArrowDown");
  await expect(faster).toBeFocused();
  await press("Enter");
  await expect.poll(() => video("playbackRate")).toBe(1.5);
  await expect(faster).toHaveCount(0);
  await expect(menu).toBeFocused();
});

test("switches captions, where there are some", async () => {
  await press("c");
  await page.evaluate(() => document.querySelector("video")?.addTextTrack("captions", "English", "en"));
  const captions = page.getByRole("button", { name: "Captions on" });
  await captions.focus();
  await press("Enter");
  const mode = () => page.evaluate(() => document.querySelector("video")?.textTracks[0]?.mode);
  await expect.poll(mode).toBe("showing");
  await press("c");
  await expect.poll(mode).not.toBe("showing");
});

test("shows the picture in a window of its own", async () => {
  const isApart = () => page.evaluate(() => document.pictureInPictureElement?.tagName ?? null);
  await press("p");
  await expect.poll(isApart).toBe("VIDEO");
  await page.getByRole("button", { name: "Picture in picture" }).focus();
  await press("Enter");
  await expect.poll(isApart).toBe(null);
});

test("fills the screen; the list of keys opens there, keeps the focus and gives it back", async () => {
  const full = page.getByRole("button", { name: "Full screen", exact: true });
  await full.focus();
  await press("Enter");
  const leave = page.getByRole("button", { name: "Leave full screen" });
  await expect(leave).toBeFocused();
  await press("?");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await expect(keys).toBeVisible();
  expect(await keys.evaluate((element) => document.fullscreenElement?.contains(element))).toBe(true);
  for (const key of ["Tab", "Tab", "Tab", "Shift+Tab"]) {
    await press(key);
    expect(await keys.evaluate((element) => element.contains(document.activeElement)), key).toBe(true);
  }
  await press("Escape");
  await expect(keys).toHaveCount(0);
  await expect(leave).toBeFocused();
  await press("f");
  await expect(full).toBeVisible();
});

test("the button of the list of keys shows itself to those who come by Tab", async () => {
  const button = page.getByRole("button", { name: "Keys", exact: true });
  await expect(button).toHaveCSS("width", "1px");
  await button.focus();
  expect((await button.boundingBox())?.width).toBeGreaterThan(20);
  await press("Enter");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await expect(keys.getByText("Play, pause")).toBeVisible();
  await press("Escape");
  await expect(keys).toHaveCount(0);
  await expect(button).toBeFocused();
});

function press(key: string): Promise<void> {
  return page.keyboard.press(key);
}

function video<Name extends keyof HTMLVideoElement>(name: Name): Promise<HTMLVideoElement[Name]> {
  return page.evaluate((field) => document.querySelector("video")?.[field], name) as Promise<HTMLVideoElement[Name]>;
}

function isFocused(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement);
}
