/** Watching behind now: back to the beginning of a class that is live, on after its end, and the replay's small pictures. */
import type { Page } from "@playwright/test";
import * as pages from "./support/pages";
import { look, medianDelayMs, type Sight, sights } from "./support/probe";
import { expect, openPage, test } from "./support/test";

test.use({ instance: "behind" });

test.describe.configure({ mode: "serial" });

/** Pages that stay open from one test to the next. */
let teacher: Page;
let viewer: Page;
let session: string;

test.beforeAll(async ({ browser, server }) => {
  teacher = await openPage(browser, server);
  viewer = await openPage(browser, server);
  await pages.setUp(teacher, server.setupLink);
  session = await pages.planClass(teacher, "Behind now");
  await pages.openBroadcast(teacher, session);
  await pages.goLive(teacher);
});

test.afterAll(async () => {
  await teacher?.context().close();
  await viewer?.context().close();
});

test("a viewer of a live class goes back to its beginning, and returns to now", async () => {
  await pages.openWatch(viewer, session);
  const [first] = await look(viewer, 1);
  await look(viewer, 150, 30_000); // something to go back to
  await goToBeginning(viewer);
  const [beginning] = await look(viewer, 10);
  expect(shown(beginning)).toBeLessThan(shown(first) + 2000);
  expect(beginning?.at).toBeLessThan(2);

  await press(viewer, /^(Quality|Speed)$/); // one menu, by what there is to choose
  await viewer.getByRole("menuitemradio", { name: "1.5×" }).click();
  await look(viewer, 60);
  expect(await viewer.evaluate(() => document.querySelector("video")?.playbackRate)).toBe(1.5);

  await press(viewer, "Back to live");
  await expect(viewer.getByRole("region", { name: "Player" })).toHaveAttribute("data-state", "live");
  expect(medianDelayMs(await look(viewer, 30))).toBeLessThan(1000);
});

test("who is behind when the class ends goes on from there, without a touch", async () => {
  await goToBeginning(viewer);
  await look(viewer, 60);
  await pages.endClass(teacher);
  const before = (await sights(viewer)).at(-1);
  await expect(viewer.getByRole("region", { name: "Player" })).toHaveAttribute("data-state", "replay", {
    timeout: 20_000,
  });
  const [after] = await look(viewer, 1);
  const went = (after?.at ?? 0) - (before?.at ?? 0);
  test.info().annotations.push({ type: "went on after", description: `${went.toFixed(1)} s` });
  expect(went).toBeGreaterThan(-1);
  expect(shown(after) - shown(before)).toBeLessThan(went * 1000 + 500);
});

test("the replay of a class that has just ended shows small pictures along its bar, and one before it plays", async ({
  open,
}) => {
  const bar = viewer.getByRole("slider", { name: "Position" });
  await expect(async () => {
    await bar.locator("..").hover();
    await expect(viewer.locator("[data-preview='picture']")).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 30_000 });

  const late = await open();
  await pages.openWatch(late, session);
  const poster = () =>
    late.evaluate(async () => {
      const image = new Image();
      image.src = document.querySelector("video")?.poster ?? "";
      await image.decode();
      return image.naturalWidth;
    });
  await expect(late.locator("video")).toHaveAttribute("poster", /./);
  expect(await poster()).toBeGreaterThan(300);
});

for (const [what, codecs, title, names] of [
  ["picture's codec plays the sound", ["avc1"], "Sound only", "H.264"],
  ["codecs plays nothing", ["avc1", "opus"], "This browser cannot play the replay", "H.264, Opus"],
] as const) {
  test(`a browser that does not know the replay's ${what}, and its viewer is told why`, async ({ open }) => {
    const page = await open();
    await page.addInitScript((unknown) => {
      const knows = MediaSource.isTypeSupported;
      MediaSource.isTypeSupported = (type) =>
        !unknown.some((codec) => type.toLowerCase().includes(codec)) && knows.call(MediaSource, type);
    }, codecs);
    await pages.openWatch(page, session);
    await expect(page.getByText(title, { exact: true })).toBeVisible();
    await expect(page.getByText(`It is recorded in ${names}, which this browser does not know.`)).toBeVisible();
  });
}

/** Presses one of the player's buttons, which hide while nobody moves. */
async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("region", { name: "Player" }).hover();
  await page.getByRole("button", { name }).click();
}

/** From the class as it happens. */
async function goToBeginning(page: Page): Promise<void> {
  await press(page, "Go back in the class");
  await expect(page.getByRole("region", { name: "Player" })).toHaveAttribute("data-state", "delayed");
  await look(page, 1);
  await page.getByRole("slider", { name: "Position" }).press("Home");
  const position = () =>
    page.evaluate(() => {
      const video = document.querySelector("video");
      return !video || video.seeking ? Number.POSITIVE_INFINITY : video.currentTime;
    });
  await expect.poll(position, { intervals: [50] }).toBeLessThan(1);
}

function shown(sight: Sight | undefined): number {
  if (!sight) throw new Error("nothing was seen");
  return sight.shown;
}
