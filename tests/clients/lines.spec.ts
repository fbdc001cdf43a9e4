/** Viewers and teachers on bad lines: loss, little bandwidth, a cut. */
import { received } from "../../web/e2e/support/probe";
import { type Page as Peer, play, plays, publish } from "./support/browser-peer";
import { publish as publishClip, stop } from "./support/ffmpeg";
import { type Conditions, Line } from "../../web/e2e/support/line";
import { expect, type Page, test } from "./support/test";

test.use({ instance: "lines" });

/** How long a lossy line is watched; `make soak-loss` makes it five minutes. */
const LOSSY_S = Number(process.env.LOSSY_S ?? 30);

/** The line that a test has opened last. */
let line: Line | undefined;

test.afterEach(() => {
  line?.close();
  line = undefined;
});

test("5 % loss both ways at 50 ms of round trip freeze no second, and the sound goes on", async ({ plan, visit, server }) => {
  test.setTimeout((LOSSY_S + 60) * 1000);
  const { whip, key, whep } = await plan("A lossy line");
  const publisher = publishClip(whip, key);
  const viewer = await over(await visit(), server.udpPort, { loss: 0.05, delayMs: 25 });
  await play(viewer as Peer, whep);
  await plays(viewer as Peer);

  const longestStill = await watchStills(viewer);
  const before = await received(viewer);
  const frames = before.framesDecoded + LOSSY_S * 30;
  const decoded = expect.poll(async () => (await received(viewer)).framesDecoded, { timeout: LOSSY_S * 1000 + 5000 });
  await decoded.toBeGreaterThan(frames);
  const after = await received(viewer);
  const stillMs = await longestStill();
  test.info().annotations.push({ type: "longest still", description: `${Math.round(stillMs)} ms` });
  expect(stillMs).toBeLessThan(1000);
  expect(after.audioEnergy).toBeGreaterThan(before.audioEnergy);
  await stop(publisher);
});

test("a viewer whose line narrows gets a smaller picture, and the large one again; another sees nothing of it", async ({
  plan,
  visit,
  server,
}) => {
  const { whip, key, whep } = await plan("A narrow line");
  await publish(await visit(), {
    url: whip,
    key,
    codec: "H264",
    width: 1280,
    encodings: [
      { rid: "h", maxBitrate: 1_500_000 },
      { rid: "m", maxBitrate: 500_000, scaleResolutionDownBy: 2 },
      { rid: "l", maxBitrate: 120_000, scaleResolutionDownBy: 4 },
    ],
  });
  const narrow = await over(await visit(), server.udpPort, { delayMs: 10 });
  const wide = await visit();
  for (const viewer of [narrow, wide]) await play(viewer as Peer, whep);
  for (const viewer of [narrow, wide]) await width(viewer, (pixels) => pixels === 1280);

  const longestStill = await watchStills(wide);
  const began = Date.now();
  line?.become({ delayMs: 10, rateBps: 300_000 });
  await width(narrow, (pixels) => pixels < 1280);
  const down = Date.now() - began;
  line?.become({ delayMs: 10 });
  const recovered = Date.now();
  await width(narrow, (pixels) => pixels === 1280);
  const up = Date.now() - recovered;
  test.info().annotations.push({ type: "down, up", description: `${down} ms, ${up} ms` });
  expect(await longestStill()).toBeLessThan(1000);
});

test("a teacher whose line is cut until the browser notices is back without a reload of anybody", async ({ plan, visit, server }) => {
  const { whip, key, whep } = await plan("A cut line");
  const teacher = await over(await visit(), server.udpPort, {});
  await publish(teacher as Peer, { url: whip, key, codec: "VP8" });
  const viewer = await visit();
  await play(viewer as Peer, whep);
  await plays(viewer as Peer);
  line?.become({ loss: 1 });
  const state = () => teacher.evaluate(() => window.probe.peers[0]?.iceConnectionState);
  await expect.poll(state, { timeout: 30_000 }).toBe("disconnected");
  line?.become({});
  await plays(viewer as Peer);
});

/** Puts a line of these conditions between a page and the server. */
async function over(page: Page, serverPort: number, conditions: Partial<Conditions>): Promise<Page> {
  line = await Line.open(serverPort, conditions);
  await line.carry(page);
  return page;
}

/** Waits until the page decodes pictures of a width. */
async function width(page: Page, is: (pixels: number) => boolean): Promise<void> {
  const pixels = () =>
    page.evaluate(async () => {
      const reports = await Promise.all(window.probe.peers.map((peer) => peer.getStats()));
      const entries = reports.flatMap((report) => [...report.values()]);
      return Number(entries.find(({ type, kind }) => type === "inbound-rtp" && kind === "video")?.frameWidth ?? 0);
    });
  await expect.poll(async () => is(await pixels()), { timeout: 30_000, intervals: [100] }).toBe(true);
}

/** Notes from now on how long a picture stands still; gives a function that tells the longest time, ms. */
async function watchStills(page: Page): Promise<() => Promise<number>> {
  const handle = await page.evaluateHandle(() => {
    const stills = { longest: 0, last: performance.now() };
    const video = document.querySelector("video");
    const note: VideoFrameRequestCallback = (now) => {
      stills.longest = Math.max(stills.longest, now - stills.last);
      stills.last = now;
      video?.requestVideoFrameCallback(note);
    };
    video?.requestVideoFrameCallback(note);
    return stills;
  });
  return () => handle.evaluate((stills) => Math.max(stills.longest, performance.now() - stills.last));
}
