/** A class from end to end, in the order in which it happens: set up, plan, go live, watch, come back, end, replay. */
import type { Page } from "@playwright/test";
import * as pages from "./support/pages";
import { connectionsMade, firstPictureMs, look, medianDelayMs, received } from "./support/probe";
import { expect, openPage, test } from "./support/test";

test.use({ instance: "class" });

test.describe.configure({ mode: "serial" });

/** Pages that stay open from one test to the next. */
let teacher: Page;
let viewer: Page;
let session: string;

test.beforeAll(async ({ browser, server }) => {
  teacher = await openPage(browser, server);
  viewer = await openPage(browser, server);
});

test.afterAll(async () => {
  await teacher?.context().close();
  await viewer?.context().close();
});

test("the set-up link makes the first administrator, once", async ({ server, open }) => {
  await pages.setUp(teacher, server.setupLink);
  const late = await open();
  await late.goto(server.setupLink);
  await expect(late.getByText("Set-up is done")).toBeVisible();
});

test("an instructor plans a class and sees the own picture", async () => {
  session = await pages.planClass(teacher, "Questions and answers");
  await pages.openBroadcast(teacher, session);
});

test("who comes early waits on the watch page", async () => {
  await pages.openWatch(viewer, session);
  await expect(viewer.getByRole("heading", { name: "Questions and answers" })).toBeVisible();
});

test("going live brings picture and sound to the viewer who waited", async () => {
  await pages.goLive(teacher);
  await look(viewer, 10);
  const before = await received(viewer);
  await look(viewer, 60);
  const after = await received(viewer);
  expect(after.framesDecoded).toBeGreaterThan(before.framesDecoded + 50);
  expect(after.audioEnergy).toBeGreaterThan(before.audioEnergy);
});

test("glass to glass takes less than 250 ms", async () => {
  const delay = await bestOf(3, 250, async () => medianDelayMs(await look(viewer, 90)));
  test.info().annotations.push({ type: "delay", description: `${delay.toFixed(0)} ms` });
  expect(delay).toBeLessThan(250);
});

test("a joining viewer has a picture within 500 ms", async ({ open }) => {
  const first = await bestOf(3, 500, async () => {
    const late = await open();
    await pages.openWatch(late, session);
    const ms = await firstPictureMs(late);
    await late.context().close();
    return ms;
  });
  test.info().annotations.push({ type: "first picture", description: `${first.toFixed(0)} ms` });
  expect(first).toBeLessThan(500);
});

test("a reloaded broadcast page goes on by itself, and its viewers keep their connection", async () => {
  const before = await connectionsMade(viewer);
  await teacher.reload();
  await pages.expectLive(teacher);
  const delay = medianDelayMs(await look(viewer, 60));
  expect(delay).toBeLessThan(1000);
  expect(await connectionsMade(viewer)).toBe(before);
});

test("after the end the same page plays the replay, with sound, and seeks", async () => {
  await pages.endClass(teacher);
  await pages.playReplay(viewer);
  const length = await pages.replayLength(viewer);
  expect(length).toBeGreaterThan(5);
  await expectReplay(viewer, length);
});

test("the replay survives a restart of the server", async ({ server, open }) => {
  await server.stop();
  await server.start();
  const later = await open();
  await pages.openWatch(later, session);
  await pages.playReplay(later);
  await expectReplay(later, await pages.replayLength(later));
});

/** The smallest of some measurements, and no more of them than needed: a busy machine only ever makes them larger. */
async function bestOf(times: number, good: number, measure: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < times && best >= good; time += 1) best = Math.min(best, await measure());
  return best;
}

/** Seeking by some seconds moves the picture's clock by as much. */
async function expectReplay(page: Page, length: number): Promise<void> {
  await pages.seek(page, 0.5);
  const [early] = await look(page, 5);
  await pages.seek(page, length - 3);
  const [late] = await look(page, 5);
  if (!early || !late) throw new Error("no looks");
  expect(late.at - early.at).toBeGreaterThan(length - 5);
  expect(late.shown).toBeGreaterThan(early.shown);
  const decoded = await page.evaluate(() => {
    const video = document.querySelector("video");
    const audio = video as unknown as { webkitAudioDecodedByteCount?: number } | null;
    return audio?.webkitAudioDecodedByteCount ?? 0;
  });
  expect(decoded).toBeGreaterThan(0);
}
