/**
 * Chromium and Firefox as plain WHIP clients and WHEP players, in every video codec that they encode and decode.
 *
 * Firefox is tried without H.264: it has that from a plug-in which it downloads, and tests download nothing but packages.
 */
import { hears, play, plays, publish } from "./support/browser-peer";
import { Firefox } from "./support/firefox";
import { expect, test } from "./support/test";

let firefox: Firefox;

test.beforeAll(async () => {
  firefox = await Firefox.open();
});

test.afterAll(() => firefox?.close());

for (const codec of ["H264", "VP8", "VP9", "AV1"]) {
  test(`Chromium publishes ${codec}; Chromium and Firefox play it`, async ({ plan, visit, site }) => {
    const { whip, key, whep } = await plan(`Chromium's ${codec}`);
    await publish(await visit(), { url: whip, key, codec });
    const chromium = await visit();
    await play(chromium, whep);
    await plays(chromium, codec);

    const other = await firefox.visit(site.url);
    await play(other, whep);
    if (codec === "H264") await hears(other);
    else await plays(other, codec);
    await other.close();
  });
}

for (const codec of ["VP8", "VP9", "AV1"]) {
  test(`Firefox publishes ${codec}; Chromium and Firefox play it`, async ({ plan, visit, site }) => {
    const { whip, key, whep } = await plan(`Firefox's ${codec}`);
    const publisher = await firefox.visit(site.url);
    await publish(publisher, { url: whip, key, codec });
    const chromium = await visit();
    await play(chromium, whep);
    await plays(chromium, codec);

    if (codec === "VP8") {
      const other = await firefox.visit(site.url);
      await play(other, whep);
      await plays(other, codec);
      await other.close();
    }
    await publisher.close();
  });
}

test("a browser that cannot decode the picture still has the sound, and a picture once it can", async ({
  plan,
  visit,
  site,
}) => {
  const { whip, key, whep } = await plan("First H264, then VP8");
  const first = await visit();
  await publish(first, { url: whip, key, codec: "H264" });
  const viewer = await firefox.visit(site.url);
  await play(viewer, whep);
  await hears(viewer);
  await publish(await visit(), { url: whip, key, codec: "VP8" });
  await plays(viewer, "VP8");
  await viewer.close();
  expect(await first.evaluate(() => window.probe.peers.length)).toBe(1);
});
