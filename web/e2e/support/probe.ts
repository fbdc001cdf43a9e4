/**
 * What a test wants to know about the media in a page: connections, frames, sound, and the time shown in the picture.
 *
 * `installProbe` runs inside the page before its own code; the functions after it ask it from the test.
 */
import type { Page } from "@playwright/test";

/** One look at the clock in a picture. Times in milliseconds since 1970. */
export interface Sight {
  /** The time that the picture shows. */
  shown: number;
  /** When the picture was on screen. */
  seen: number;
  /** Position in the media, seconds. */
  at: number;
}

interface Probe {
  peers: RTCPeerConnection[];
  /** From the first connection to the first picture, ms; nothing before the picture is there. */
  firstPictureMs: number | undefined;
  sights: Sight[];
}

declare global {
  interface Window {
    probe: Probe;
  }
}

/** Keeps every connection the page makes, and reads the clock in every frame of its first video element. */
export function installProbe(): void {
  const probe: Probe = { peers: [], firstPictureMs: undefined, sights: [] };
  window.probe = probe;
  let firstPeerAt = 0;

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      firstPeerAt ||= performance.now();
      probe.peers.push(this);
    }
  };

  const canvas = new OffscreenCanvas(320, 180);
  const context = canvas.getContext("2d", { willReadFrequently: true });

  /** The barcode's time, or nothing where its fourth row does not contradict its third. */
  function read(video: HTMLVideoElement): number | undefined {
    if (!context) return undefined;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height / 2);
    let bits = "";
    for (let row = 0; row < 4; row += 1) {
      for (let column = 0; column < 16; column += 1) {
        const x = Math.floor(((column + 0.5) * canvas.width) / 16);
        const y = Math.floor(((row + 0.5) * canvas.height) / 8);
        bits += (data[(y * canvas.width + x) * 4] ?? 0) > 127 ? "1" : "0";
      }
    }
    const third = bits.slice(32, 48);
    const inverse = [...bits.slice(48)].map((bit) => (bit === "1" ? "0" : "1")).join("");
    return third === inverse ? Number.parseInt(bits.slice(0, 48), 2) : undefined;
  }

  const followed = new WeakSet<HTMLVideoElement>();
  function follow(video: HTMLVideoElement): void {
    followed.add(video);
    const onFrame: VideoFrameRequestCallback = (now, metadata) => {
      if (firstPeerAt) probe.firstPictureMs ??= now - firstPeerAt;
      const shown = read(video);
      if (shown !== undefined) probe.sights.push({ shown, seen: performance.timeOrigin + now, at: metadata.mediaTime });
      if (probe.sights.length > 5000) probe.sights.shift();
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  }
  setInterval(() => {
    for (const video of document.querySelectorAll("video")) if (!followed.has(video)) follow(video);
  }, 5);
}

/** A page that runs functions: Playwright's, or another driver's. */
export interface Evaluates {
  evaluate<R>(run: () => R | Promise<R>): Promise<R>;
}

/** Counters of everything the page's connections receive. */
export interface Received {
  connections: number;
  /** The present one of the picture, as `video/VP8`. */
  videoCodec: string;
  framesDecoded: number;
  audioEnergy: number;
  freezes: number;
  frozenSeconds: number;
}

/** Sums the incoming streams of the page's open connections. */
export function received(page: Evaluates): Promise<Received> {
  return page.evaluate(async () => {
    const sum = { connections: 0, videoCodec: "", framesDecoded: 0, audioEnergy: 0, freezes: 0, frozenSeconds: 0 };
    for (const peer of window.probe.peers.filter((each) => each.connectionState === "connected")) {
      sum.connections += 1;
      const report = await peer.getStats();
      for (const entry of report.values()) {
        if (entry.type !== "inbound-rtp") continue;
        if (entry.kind === "video") sum.videoCodec = report.get(entry.codecId)?.mimeType ?? "";
        sum.framesDecoded += entry.framesDecoded ?? 0;
        sum.audioEnergy += entry.totalAudioEnergy ?? 0;
        sum.freezes += entry.freezeCount ?? 0;
        sum.frozenSeconds += entry.totalFreezesDuration ?? 0;
      }
    }
    return sum;
  });
}

/** The page's newest looks at the clock, oldest first. */
export function sights(page: Page): Promise<Sight[]> {
  return page.evaluate(() => window.probe.sights.slice(-150));
}

/** Forgets what was seen, so that the next looks are new. */
function forget(page: Page): Promise<void> {
  return page.evaluate(() => {
    window.probe.sights = [];
  });
}

/** Waits for `count` new looks at the clock and returns them. */
export async function look(page: Page, count = 1, timeoutMs = 15_000): Promise<Sight[]> {
  await forget(page);
  await page.waitForFunction((wanted) => window.probe.sights.length >= wanted, count, {
    timeout: timeoutMs,
    polling: 50,
  });
  return sights(page);
}

/** The middle one of the delays between drawing and seeing a picture, ms. */
export function medianDelayMs(looks: Sight[]): number {
  const delays = looks.map((sight) => sight.seen - sight.shown).sort((a, b) => a - b);
  return delays[Math.floor(delays.length / 2)] ?? Number.NaN;
}

/** From the page's first connection to its first picture, ms. */
export async function firstPictureMs(page: Page): Promise<number> {
  const handle = await page.waitForFunction(() => window.probe.firstPictureMs, undefined, { polling: 20 });
  return Number(await handle.jsonValue());
}

/** How many connections the page has made since it was loaded. */
export function connectionsMade(page: Page): Promise<number> {
  return page.evaluate(() => window.probe.peers.length);
}
