/**
 * One recorded class as programs of others find it: parsers of playlists, ffprobe, hls.js in Chromium and in Firefox, and
 * Chromium's own player. First somebody broadcasts in three sizes, then another with one of another size.
 */
import type { Sight } from "../../web/e2e/support/probe";
import { Server } from "../../web/e2e/support/server";
import { publish } from "./support/browser-peer";
import { Firefox } from "./support/firefox";
import * as player from "./support/hls-player";
import { type MediaPlaylist, type Playlists, download, read, readByPython } from "./support/playlists";
import { expect, type Page, test as base } from "./support/test";
import { partsOf, type Track, tracksOf } from "./support/tracks";

/** With sound in AAC as well, which comes after the class. */
const test = base.extend<object, { server: Server }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needs of a fixture from this pattern
    async ({}, use) => {
      const server = await Server.fresh({ LECTERN_RECORDING__AAC: "true" });
      await use(server);
      await server.dispose();
    },
    { scope: "worker" },
  ],
});

test.describe.configure({ mode: "serial" });

const SIZES: RTCRtpEncodingParameters[] = [
  { rid: "h", maxBitrate: 1_500_000 },
  { rid: "m", maxBitrate: 500_000, scaleResolutionDownBy: 2 },
  { rid: "l", maxBitrate: 150_000, scaleResolutionDownBy: 4 },
];

/** How long each of the two broadcasts is, at least. */
const FIRST_S = 16;
const SECOND_S = 6;

/** How exactly a picture is the one of its moment, ms. */
const EXACT_MS = 200;
/** How much later than a picture was filmed its playlist may say that it was: a busy encoder is not at once at the server. */
const LATE_MS = 1000;

/** The class's master playlist. */
let master: string;
/** What it leads to after the class. */
let ended: Playlists;

test("parsers of others agree on the playlists of a class that is live, and find them right", async ({
  plan,
  visit,
  server,
}) => {
  const { session, whip: url, key } = await plan("Recorded");
  master = `${server.url}/api/live/sessions/${session}/hls/master.m3u8`;
  const first = await visit();
  await publish(first, { url, key, codec: "H264", width: 1280, encodings: SIZES });
  await expect.poll(listedSeconds, { timeout: 60_000 }).toBeGreaterThan(FIRST_S);
  const texts = await download(master);
  const live = read(texts);
  expect(live.variants.filter(({ width }) => width > 0)).toHaveLength(3);
  expectRight(live, { ended: false });
  expect(readByPython(texts)).toEqual(live);

  await publish(await visit(), { url, key, codec: "H264", width: 640 });
  await first.context().close();
  const whole = (await listedSeconds()) + SECOND_S;
  await expect.poll(listedSeconds, { timeout: 60_000 }).toBeGreaterThan(whole);
});

test("… and of the same class when it has ended and has its sound in AAC", async ({ teacher, server }) => {
  const address = `${server.url}/api/live/sessions/${master.split("/").at(-3)}`;
  const end = await teacher.request.post(address.replace("live/sessions", "instructor/streams").concat("/end"));
  expect(end.status(), await end.text()).toBe(200);
  const hasAac = async () => (await (await teacher.request.get(address)).json()).recording?.hasAac as boolean;
  await expect.poll(hasAac, { timeout: 30_000 }).toBe(true);
  const texts = await download(master);
  ended = read(texts);
  expectRight(ended, { ended: true });
  expect(readByPython(texts)).toEqual(ended);
  expect(new Set(ended.variants.map(({ codecs }) => codecs.split(",").at(-1)))).toEqual(new Set(["Opus", "mp4a.40.2"]));
  expect(reference().segments.filter(({ breaks }) => breaks).length).toBeGreaterThan(0);
});

test("hls.js in Chromium plays, seeks, crosses discontinuities and switches levels without a complaint", async ({ visit }) => {
  await playsWhole(await visit());
});

test("hls.js in Firefox does, too", async ({ site }) => {
  const firefox = await Firefox.open();
  const page = await firefox.visit(site.url);
  await playsWhole(page as unknown as Page);
  await firefox.close();
});

test("Chromium's own player plays, seeks and crosses discontinuities without a complaint", async ({ visit }) => {
  const page = await visit();
  await player.playNatively(page, master);
  await player.playUntil(page, 1);
  const parts = await look(page);
  await seeks(page, parts);
  await crosses(page, parts);
  expect(await player.complaints(page)).toEqual([]);
});

test("ffprobe finds every track without a hole, as long as its playlist says, and ffmpeg decodes it without a word", async () => {
  for (const playlist of ended.media) {
    const parts = await partsOf(playlist);
    for (const part of parts) {
      const found = `${playlist.uri}: ${JSON.stringify(part)}`;
      expect(part.complaints, found).toBe("");
      expectContinuous(part);
      expectLastPacket(part.listedSeconds - part.seconds, found);
    }
    const variant = ended.variants.find(({ uri, audio }) => uri === playlist.uri && audio === null);
    if (!variant) continue;
    const bits = parts.reduce((sum, { bytes }) => sum + bytes * 8, 0);
    expect(bits / parts.reduce((sum, { seconds }) => sum + seconds, 0) / variant.averageBps).toBeCloseTo(1, 1);
  }
});

test("… and so it does with the download", async ({ teacher, server }) => {
  const address = `${server.url}/api/instructor/streams/${master.split("/").at(-3)}/download`;
  const file = await teacher.request.get(address);
  expect(file.status()).toBe(200);
  const tracks = await tracksOf(await file.body());
  expect(tracks.map(({ codec }) => codec)).toEqual(["h264", "opus"]);
  const listed = reference().segments.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const track of tracks) {
    expectContinuous(track);
    expectLastPacket(listed - track.seconds, JSON.stringify(track));
  }
});

/** Packets follow one another without a hole. A busy camera leaves pictures out; nothing leaves sound out. */
function expectContinuous(track: Track): void {
  const found = JSON.stringify(track);
  expect(track.shortestStepMs, found).toBeGreaterThan(0);
  expect(track.longestStepMs, found).toBeLessThan(track.codec === "h264" ? 2000 : 65);
}

/** What is left of a track behind the beginning of its last packet, in seconds, is that packet. */
function expectLastPacket(seconds: number, found: string): void {
  expect(seconds, found).toBeGreaterThan(0);
  expect(seconds, found).toBeLessThan(0.5);
}

/** What a page with hls.js must be able to do with the whole class. */
async function playsWhole(page: Page): Promise<void> {
  const levels = await player.playByHls(page, master);
  await player.playUntil(page, 1);
  const parts = await look(page);
  await seeks(page, parts);
  await crosses(page, parts);
  await switches(page, levels);
  expect(await player.complaints(page)).toEqual([]);
}

/** Goes to twenty places, the same in every run, and sees each time what was filmed there. */
async function seeks(page: Page, parts: Part[]): Promise<void> {
  const { of } = await player.place(page);
  let random = 7;
  for (let time = 0; time < 20; time += 1) {
    random = (random * 16_807) % 2_147_483_647;
    const to = (random / 2_147_483_647) * (of - 0.3);
    expectExact(await player.pictureAt(page, to), parts);
  }
}

/** Plays through every discontinuity. */
async function crosses(page: Page, parts: Part[]): Promise<void> {
  for (const { from } of parts.slice(1)) {
    await player.pictureAt(page, from - 1);
    const seen = await player.playUntil(page, from + 1);
    expect(seen.filter(({ at }) => at > from).length).toBeGreaterThan(10);
    for (const sight of seen) expectExact(sight, parts);
  }
}

/** Plays each level in turn, then lets hls.js choose; it complains itself of a gap, and of standing still. */
async function switches(page: Page, levels: player.Level[]): Promise<void> {
  await player.pictureAt(page, 4);
  await player.playUntil(page, 4.2);
  for (const [index, level] of levels.entries()) {
    await player.chooseLevel(page, index);
    await expect.poll(() => player.width(page), { timeout: 10_000, intervals: [50] }).toBe(level.width);
  }
  await player.chooseLevel(page, -1);
  const { at } = await player.place(page);
  await player.playUntil(page, at + 2);
}

/** What every playlist of a class must fulfil (RFC 8216). */
function expectRight({ variants, sounds, media }: Playlists, { ended }: { ended: boolean }): void {
  for (const { uri, bps, averageBps, codecs, width, height, framesPerSecond, audio } of variants) {
    expect(averageBps, uri).toBeGreaterThan(0);
    expect(bps).toBeGreaterThanOrEqual(averageBps);
    expect(codecs).toMatch(width > 0 ? /^avc1\.[0-9a-f]{6},(Opus|mp4a\.40\.2)$/ : /^(Opus|mp4a\.40\.2)$/);
    if (width === 0) continue;
    expect(width / height).toBeCloseTo(16 / 9, 1);
    expect(framesPerSecond).toBeGreaterThan(10);
    expect(sounds.filter(({ group, isDefault }) => group === audio && isDefault)).toHaveLength(1);
  }
  for (const playlist of media) {
    expect(playlist).toMatchObject({ kind: ended ? "VOD" : "EVENT", ended, independent: true, firstNumber: 0 });
    for (const [index, segment] of playlist.segments.entries()) {
      expect(Math.round(segment.seconds)).toBeLessThanOrEqual(playlist.targetSeconds);
      const next = playlist.segments[index + 1];
      if (!next) continue;
      const missing = next.at - segment.at - segment.seconds * 1000;
      if (next.breaks) expect(missing).toBeGreaterThan(-20);
      else expect(Math.abs(missing), `${playlist.uri} after ${index}`).toBeLessThan(20);
    }
  }
  expectAligned(media);
}

/** Renditions of the picture have their segments at the same times, and all renditions their discontinuities. */
function expectAligned(media: MediaPlaylist[]): void {
  const shape = ({ segments }: MediaPlaylist) => segments.map(({ breaks }) => breaks);
  const breaks = (playlist: MediaPlaylist) => shape(playlist).filter(Boolean).length;
  for (const playlist of media) {
    const first = media[0] ?? playlist;
    expect(breaks(playlist), playlist.uri).toBe(breaks(first));
    if (!/video/.test(playlist.uri)) continue;
    expect(shape(playlist), playlist.uri).toEqual(shape(first));
    for (const [index, segment] of playlist.segments.entries())
      expect(Math.abs(segment.at - (first.segments[index]?.at ?? 0)), `${playlist.uri} ${index}`).toBeLessThan(50);
  }
}

/** The first rendition of the picture. */
function reference(): MediaPlaylist {
  const [first] = ended.media;
  if (!first) throw new Error("no rendition");
  return first;
}

/** What lies between two discontinuities; seconds of the replay. */
interface Part {
  from: number;
  /** When its first picture was filmed by its playlist, and how much earlier that was by the clock in it; ms since 1970, ms. */
  at: number;
  earlierMs: number;
}

/** Finds the parts, and looks at a picture of each. */
async function look(page: Page): Promise<Part[]> {
  const parts: Part[] = [];
  let from = 0;
  for (const { seconds, breaks, at } of reference().segments) {
    if (breaks || from === 0) {
      const sight = await player.pictureAt(page, from + 1);
      const earlierMs = at + (sight.at - from) * 1000 - sight.shown;
      expect(Math.abs(earlierMs)).toBeLessThan(LATE_MS);
      parts.push({ from, at, earlierMs });
    }
    from += seconds;
  }
  return parts;
}

function expectExact(sight: Sight, parts: Part[]): void {
  const part = parts.findLast(({ from }) => sight.at >= from);
  if (!part) throw new Error(`a picture at ${sight.at} s`);
  const off = sight.shown - (part.at + (sight.at - part.from) * 1000 - part.earlierMs);
  expect(Math.abs(off), `the picture at ${sight.at} s is ${off} ms off`).toBeLessThan(EXACT_MS);
}

/** Seconds that the rendition with the best picture lists by now; 0 before there is any. */
async function listedSeconds(): Promise<number> {
  const { media } = read(await download(master).catch(() => new Map()));
  return media[0]?.segments.reduce((sum, { seconds }) => sum + seconds, 0) ?? 0;
}
