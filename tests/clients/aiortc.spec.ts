/** aiortc publishes VP8 and plays H.264, both coded by itself. */
import { Aiortc } from "./support/aiortc";
import { play, plays, publish } from "./support/browser-peer";
import { expect, test } from "./support/test";

test("aiortc publishes; Chromium plays it", async ({ plan, visit }) => {
  const { whip, key, whep } = await plan("aiortc publishes");
  const publisher = Aiortc.publish(whip, key);
  const viewer = await visit();
  await play(viewer, whep);
  await plays(viewer);
  publisher.close();
});

test("Chromium publishes H264; aiortc decodes it", async ({ plan, visit }) => {
  const { whip, key, whep } = await plan("aiortc plays");
  await publish(await visit(), { url: whip, key, codec: "H264" });
  const player = Aiortc.play(whep);
  await expect.poll(() => player.counts.video, { timeout: 20_000 }).toBeGreaterThan(60);
  await expect.poll(() => player.counts.loud).toBeGreaterThan(0);
  player.close();
});
