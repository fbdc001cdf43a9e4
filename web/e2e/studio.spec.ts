/** An instructor's day: plan, broadcast, share the screen, end. */
import type { Page } from "@playwright/test";
import * as pages from "./support/pages";
import { connectionsMade, look, received } from "./support/probe";
import { expect, openPage, test } from "./support/test";

test.use({ instance: "studio" });

test.describe.configure({ mode: "serial" });

/** Pages that stay open from one test to the next. */
let teacher: Page;
let viewer: Page;
let session: string;

test.beforeAll(async ({ browser, server }) => {
  teacher = await openPage(browser, server);
  viewer = await openPage(browser, server);
  await pages.setUp(teacher, server.setupLink);
});

test.afterAll(async () => {
  await teacher?.context().close();
  await viewer?.context().close();
});

/** What the broadcast page says of its connection. */
function figure(name: string): Promise<number> {
  return teacher.locator(`[data-figure="${name}"]`).evaluate((element) => Number(element.getAttribute("data-value")));
}

/** Size of the picture that the viewer sees. */
function seen(): Promise<{ width: number; height: number }> {
  return viewer.evaluate(() => {
    const video = document.querySelector("video");
    return { width: video?.videoWidth ?? 0, height: video?.videoHeight ?? 0 };
  });
}

/** The strongest colour at a place of the viewer's picture, in shares of its width and height. */
function colour(x: number, y: number): Promise<string | undefined> {
  return viewer.evaluate(
    ([across, down]) => {
      const video = document.querySelector("video");
      const context = new OffscreenCanvas(1, 1).getContext("2d");
      if (!video || !context) return undefined;
      context.drawImage(video, video.videoWidth * across, video.videoHeight * down, 1, 1, 0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
      return red > green && red > blue ? "red" : green > blue ? "green" : "blue";
    },
    [x, y] as const,
  );
}

test("the picture goes out in three sizes", async () => {
  session = await pages.planClass(teacher, "A day in the studio");
  await pages.openBroadcast(teacher, session);
  await pages.goLive(teacher);
  await pages.openWatch(viewer, session);
  await look(viewer, 10);
  await expect.poll(() => figure("sizes"), { timeout: 20_000 }).toBe(3);
  await expect.poll(() => figure("bitrate")).toBeGreaterThan(100_000);
});

test("the screen takes the camera's place, and the camera comes back, on the same connection", async () => {
  const before = await connectionsMade(viewer);
  await teacher.getByRole("radio", { name: "Screen", exact: true }).click();
  await expect.poll(async () => (await seen()).width).not.toBe(1280);
  const frames = (await received(viewer)).framesDecoded;
  await expect.poll(async () => (await received(viewer)).framesDecoded).toBeGreaterThan(frames + 20);
  await teacher.getByRole("radio", { name: "Screen and camera" }).click();
  await expect.poll(async () => (await received(viewer)).framesDecoded).toBeGreaterThan(frames + 80);
  // The camera's blue ground in the corner of the green screen.
  await expect.poll(() => colour(0.95, 0.9)).toBe("blue");
  expect(await colour(0.3, 0.9)).toBe("green");
  await teacher.getByRole("radio", { name: "Camera", exact: true }).click();
  await look(viewer, 10);
  expect(await connectionsMade(viewer)).toBe(before);
});
