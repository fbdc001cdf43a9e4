/** Chromium as a publisher of several encodings, or of one with layers inside; viewers choose what they are sent. */
import * as pages from "../../web/e2e/support/pages";
import { type Page as Peer, play, plays, publish } from "./support/browser-peer";
import { expect, type Page, test } from "./support/test";

/** What the page shows of its picture by now. */
interface Picture {
  width: number;
  frames: number;
  perSecond: number;
  frozenSeconds: number;
}

const SIMULCAST: RTCRtpEncodingParameters[] = [
  { rid: "h", maxBitrate: 2_000_000 },
  { rid: "m", maxBitrate: 600_000, scaleResolutionDownBy: 2 },
  { rid: "l", maxBitrate: 150_000, scaleResolutionDownBy: 4 },
];

for (const codec of ["H264", "VP8"]) {
  test(`a viewer of ${codec} in three encodings gets each that it asks for`, async ({ plan, visit }) => {
    const { whip, key, whep } = await plan(`Simulcast ${codec}`);
    await publish(await visit(), { url: whip, key, codec, width: 1280, encodings: SIMULCAST });
    const page = await visit();
    const choose = await watch(page, whep, codec);
    for (const [rid, width] of [["l", 320], ["h", 1280], ["m", 640], ["l", 320]] as const) {
      await choose({ rid });
      await shows(page, width);
    }
    await choose({});
    await shows(page, 1280);
    const { frozenSeconds } = await picture(page);
    test.info().annotations.push({ type: "frozen", description: `${frozenSeconds} s` });
    expect(frozenSeconds).toBeLessThan(1);
  });
}

test("a viewer of VP9 in three sizes inside one stream gets each that it asks for", async ({ plan, visit }) => {
  const { whip, key, whep } = await plan("Sizes of VP9");
  const encodings = [{ maxBitrate: 1_500_000, scalabilityMode: "L3T3_KEY" }];
  await publish(await visit(), { url: whip, key, codec: "VP9", width: 1280, encodings });
  const page = await visit();
  const choose = await watch(page, whep, "VP9");
  for (const [spatialLayerId, width] of [[0, 320], [2, 1280], [1, 640]] as const) {
    await choose({ spatialLayerId });
    await shows(page, width);
  }
});

for (const scalabilityMode of ["L3T3_KEY", "L2T1"]) {
  test(`the watch page gets each size of AV1 as ${scalabilityMode} inside one stream, and a plain player the smallest`, async ({
    plan,
    visit,
    open,
  }) => {
    const { session, whip, key, whep } = await plan(`Sizes of AV1 as ${scalabilityMode}`);
    const encodings = [{ maxBitrate: 1_500_000, scalabilityMode }];
    await publish(await visit(), { url: whip, key, codec: "AV1", width: 1280, encodings });
    const plain = await visit();
    await watch(plain, whep, "AV1");
    const page = await open();
    const choose = await watch(page, whep, "AV1", () => pages.openWatch(page, session));
    const widths = scalabilityMode === "L2T1" ? [640, 1280] : [320, 640, 1280];
    await shows(page, 1280);
    for (const spatialLayerId of [0, widths.length - 1, 0, 1]) {
      await choose({ spatialLayerId });
      await shows(page, widths[spatialLayerId] ?? 0);
    }
    await shows(plain, widths[0] ?? 0);
  });
}

for (const codec of ["H264", "VP8", "VP9", "AV1"]) {
  test(`a viewer of ${codec} with three frame rates gets the lowest and the whole`, async ({ plan, visit }) => {
    const { whip, key, whep } = await plan(`Frame rates of ${codec}`);
    const encodings = [{ maxBitrate: 800_000, scalabilityMode: "L1T3" }];
    await publish(await visit(), { url: whip, key, codec, encodings });
    const page = await visit();
    const choose = await watch(page, whep, codec);
    await runsAt(page, 22, 40);
    await choose({ temporalLayerId: 0 });
    await runsAt(page, 4, 12);
    await choose({});
    await runsAt(page, 22, 40);
  });
}

/** Plays the stream, as a plain player if `begin` does not say otherwise; gives a function that asks for a layer. */
async function watch(
  page: Page,
  whep: string,
  codec: string,
  begin = () => play(page as Peer, whep),
): Promise<(selection: object) => Promise<void>> {
  const answered = page.waitForResponse((response) => response.url() === whep && response.request().method() === "POST");
  await begin();
  const location = new URL((await (await answered).headerValue("Location")) ?? "", whep).href;
  await plays(page as Peer, codec);
  return async (selection) => {
    const answer = await page.request.post(`${location}/layer`, { data: selection });
    expect(answer.status()).toBe(200);
  };
}

/** Waits until the page has decoded pictures of this width and goes on to. */
async function shows(page: Page, width: number): Promise<void> {
  await expect.poll(async () => (await picture(page)).width, { timeout: 10_000 }).toBe(width);
  const { frames } = await picture(page);
  await expect.poll(async () => (await picture(page)).frames, { timeout: 5_000 }).toBeGreaterThan(frames + 10);
  expect((await picture(page)).width).toBe(width);
}

/** Waits until the page decodes so many pictures a second. */
async function runsAt(page: Page, least: number, most: number): Promise<void> {
  const rate = async () => (await picture(page)).perSecond;
  await expect.poll(async () => least <= (await rate()) && (await rate()) <= most, { timeout: 10_000 }).toBe(true);
}

function picture(page: Page): Promise<Picture> {
  return page.evaluate(async () => {
    const reports = await Promise.all(window.probe.peers.map((peer) => peer.getStats()));
    const entries = reports.flatMap((report) => [...report.values()]);
    const video = entries.find((entry) => entry.type === "inbound-rtp" && entry.kind === "video");
    return {
      width: video?.frameWidth ?? 0,
      frames: video?.framesDecoded ?? 0,
      perSecond: video?.framesPerSecond ?? 0,
      frozenSeconds: video?.totalFreezesDuration ?? 0,
    };
  });
}
