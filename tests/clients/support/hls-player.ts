/** Recordings in a page, by hls.js or by the browser's own player. The page is of another site, and its only video element is followed by the probe. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type Hls from "hls.js";
import type { Sight } from "../../../web/e2e/support/probe";
import type { Page } from "./browser-peer";

declare global {
  interface Window {
    Hls: typeof Hls;
    player: Hls;
    /** What hls.js has complained of, and when playback stood still for want of data. */
    complaints: string[];
  }
}

/** How long a picture may take to come. */
const PATIENCE_MS = 10_000;

/** One of the sizes that hls.js offers. */
export interface Level {
  width: number;
  codecs: string;
}

/** Loads a playlist into hls.js as it is out of the box, and begins to play; gives its levels. */
export async function playByHls(page: Page, playlist: string): Promise<Level[]> {
  const source = readFileSync(join(import.meta.dirname, "../node_modules/hls.js/dist/hls.min.js"), "utf8");
  await page.evaluate((text) => {
    const script = document.createElement("script");
    script.textContent = text;
    document.head.append(script);
  }, source);
  await page.evaluate(showVideo);
  return page.evaluate(async (url) => {
    const { Hls: Player, complaints } = window;
    const player = new Player();
    window.player = player;
    const video = document.querySelector("video");
    if (!video) throw new Error("no video");
    player.on(Player.Events.ERROR, (_, { fatal, details, error }) => {
      // Loads that it gives up itself because another level was chosen.
      if (details === Player.ErrorDetails.INTERNAL_ABORTED && !fatal) return;
      complaints.push(`${video.currentTime}: ${fatal ? "fatal " : ""}${details}, ${error?.message}`);
    });
    const parsed = new Promise((resolve) => player.once(Player.Events.MANIFEST_PARSED, resolve));
    player.loadSource(url);
    player.attachMedia(video);
    await parsed;
    await video.play();
    return player.levels.map(({ width, codecs }) => ({ width, codecs }));
  }, playlist);
}

/** Has the browser's own player play a playlist. */
export async function playNatively(page: Page, playlist: string): Promise<void> {
  await page.evaluate(showVideo);
  await page.evaluate(async (url) => {
    const video = document.querySelector("video");
    if (!video) throw new Error("no video");
    video.addEventListener("error", () => window.complaints.push(`${video.currentTime}: ${video.error?.message}`));
    video.src = url;
    await video.play();
  }, playlist);
}

/** Goes to a time, in seconds, pauses, and waits for its picture: the clock that it shows. */
export function pictureAt(page: Page, seconds: number): Promise<Sight> {
  return page.evaluate(
    ([to, patienceMs]) =>
      new Promise<Sight>((resolve, reject) => {
        const video = document.querySelector("video");
        if (!video) return reject(new Error("no video"));
        video.pause();
        window.probe.sights = [];
        video.currentTime = to;
        const began = performance.now();
        const timer = setInterval(() => {
          const sight = window.probe.sights.findLast(({ at }) => Math.abs(at - to) < 0.2);
          if (sight && !video.seeking) resolve(sight);
          else if (performance.now() - began < patienceMs) return;
          else reject(new Error(`no picture at ${to} s: ${JSON.stringify([video.readyState, window.probe.sights])}`));
          clearInterval(timer);
        }, 20);
      }),
    [seconds, PATIENCE_MS] as const,
  );
}

/** Plays on from where it is until a time, in seconds, is reached; gives what was seen. */
export function playUntil(page: Page, seconds: number): Promise<Sight[]> {
  return page.evaluate(
    ([until, patienceMs]) =>
      new Promise<Sight[]>((resolve, reject) => {
        const video = document.querySelector("video");
        if (!video) return reject(new Error("no video"));
        window.probe.sights = [];
        const deadline = performance.now() + Math.max(0, until - video.currentTime) * 1000 + patienceMs;
        const timer = setInterval(() => {
          if (video.currentTime >= until || video.ended) resolve(window.probe.sights);
          else if (performance.now() < deadline) return;
          else reject(new Error(`stuck at ${video.currentTime} s: ${window.complaints.join("; ")}`));
          clearInterval(timer);
        }, 20);
        video.play().catch(reject);
      }),
    [seconds, PATIENCE_MS] as const,
  );
}

/** Chooses a level by its index, or -1 for the best that fits; it comes with the next segment. */
export function chooseLevel(page: Page, index: number): Promise<void> {
  return page.evaluate((level) => {
    window.player.nextLevel = level;
  }, index);
}

/** Width of the picture on screen, in pixels. */
export function width(page: Page): Promise<number> {
  return page.evaluate(() => document.querySelector("video")?.videoWidth ?? 0);
}

/** Where playback is, and where it ends; seconds. */
export function place(page: Page): Promise<{ at: number; of: number }> {
  return page.evaluate(() => {
    const { currentTime = Number.NaN, duration = Number.NaN } = document.querySelector("video") ?? {};
    return { at: currentTime, of: duration };
  });
}

/** What went wrong so far. */
export function complaints(page: Page): Promise<string[]> {
  return page.evaluate(() => window.complaints);
}

/** Runs inside the page. */
function showVideo(): void {
  const video = document.createElement("video");
  video.muted = true;
  video.crossOrigin = "anonymous"; // or the page could not look at its pictures
  document.body.replaceChildren(video);
  window.complaints = [];
}
