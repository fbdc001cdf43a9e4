/** GStreamer, whose DTLS signs with RSA: as a publisher, seen by a browser and by itself, and as a player of a browser. */
import { play, plays, publish } from "./support/browser-peer";
import { GStreamer } from "./support/gstreamer";
import { expect, test } from "./support/test";

test("GStreamer publishes; Chromium and GStreamer play it", async ({ plan, visit }) => {
  const { whip, key, whep } = await plan("GStreamer publishes");
  const publisher = GStreamer.publish(whip, key);
  const viewer = await visit();
  await play(viewer, whep);
  await plays(viewer, "H264");

  const player = GStreamer.play(whep);
  await decodes(player);
  player.close();
  publisher.close();
});

test("Chromium publishes H264; GStreamer decodes it", async ({ plan, visit }) => {
  const { whip, key, whep } = await plan("GStreamer plays");
  await publish(await visit(), { url: whip, key, codec: "H264" });
  const player = GStreamer.play(whep);
  await decodes(player);
  player.close();
});

async function decodes(player: GStreamer): Promise<void> {
  await expect.poll(() => player.report.state, { timeout: 20_000 }).toBe("connected");
  await expect.poll(() => player.report.video, { timeout: 20_000 }).toBeGreaterThan(60);
  await expect.poll(() => player.report.audio).toBeGreaterThan(60);
}
