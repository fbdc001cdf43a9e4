/** Plays a recording by HLS: hls.js where the browser has Media Source Extensions, its own player otherwise. */
import type Hls from "hls.js";
import { Emitter } from "./emitter";

/** One rendition of a recording. */
export interface Rendition {
  /** Its index, for `choose`. */
  index: number;
  height: number;
  bps: number;
}

/** What a player hears from its engine. */
export interface ReplayEvents {
  renditions: Rendition[];
  /**
   * - `access`: the server does not let us (any more)
   * - `network`: the file cannot be had now
   * - `media`: this browser cannot play it
   */
  fault: "access" | "network" | "media";
}

/** Where to begin in a class that is still live: as near to now as HLS can. */
export const NEWEST = -1;

/**
 * How far behind the newest segment a live class is played, in seconds: segments last two, and hls.js would otherwise stay
 * three target durations behind.
 */
const LIVE_SYNC_S = 3;

/** Who is further behind than that, but near, and has chosen no speed, is played so much faster: nobody hears it. */
const CATCH_UP_RATE = 1.1;

/** What is loaded before anybody plays, in seconds: a page that is only opened costs no phone its megabytes. */
const UNPLAYED_BUFFER_S = 1;

/** Longest that the page is given to draw itself first. */
const IDLE_MS = 500;

/** Lets `choose` go back to automatic. */
export const AUTOMATIC = -1;

/** One for each picture: it is listed again for each codec of the sound beside it, which nobody sees. */
export function renditionsOf(levels: { uri: string; height: number; bitrate: number }[]): Rendition[] {
  return levels.flatMap(({ uri, height, bitrate }, index) => {
    const isFirst = levels.findIndex((level) => level.uri === uri) === index;
    return isFirst ? [{ index, height, bps: bitrate }] : [];
  });
}

/** Feeds one video element from one playlist, from `attach` to `destroy`. */
export class ReplayEngine extends Emitter<ReplayEvents> {
  #hls: Hls | null = null;
  #video: HTMLVideoElement | null = null;
  #destroyed = false;
  #mediaRepairs = 0;

  /**
   * Loads the engine (a separate bundle) and the playlist, and stands at `startAt` seconds; at the newest picture of a
   * class that is still live with `NEWEST`.
   */
  async attach(video: HTMLVideoElement, playlist: string, startAt = 0): Promise<void> {
    // Where nobody waits for it, the page itself comes first.
    if (video.paused && startAt !== NEWEST) await idle();
    const { default: Engine } = await import("hls.js");
    if (this.#destroyed) return;
    this.#video = video;
    if (!Engine.isSupported()) {
      if (video.canPlayType("application/vnd.apple.mpegurl")) video.src = playlist;
      else this.emit("fault", "media");
      return;
    }
    const hls = new Engine({
      startPosition: startAt,
      maxMaxBufferLength: video.paused ? UNPLAYED_BUFFER_S : Engine.DefaultConfig.maxMaxBufferLength,
      backBufferLength: 90,
      liveSyncDuration: LIVE_SYNC_S,
      maxLiveSyncPlaybackRate: CATCH_UP_RATE,
    });
    this.#hls = hls;
    hls.on(Engine.Events.MANIFEST_PARSED, () => {
      this.emit("renditions", renditionsOf(hls.levels));
    });
    hls.on(Engine.Events.ERROR, (_, { fatal, type, details, response }) => {
      if (!fatal) return;
      const isRepairable =
        type === Engine.ErrorTypes.MEDIA_ERROR && details !== Engine.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR;
      if (isRepairable && this.#mediaRepairs < 2) {
        this.#mediaRepairs += 1;
        return hls.recoverMediaError();
      }
      if (type !== Engine.ErrorTypes.NETWORK_ERROR) return this.emit("fault", "media");
      this.emit("fault", response?.code === 401 || response?.code === 403 ? "access" : "network");
    });
    video.addEventListener(
      "play",
      () => {
        hls.config.maxMaxBufferLength = Engine.DefaultConfig.maxMaxBufferLength;
      },
      { once: true },
    );
    hls.loadSource(playlist);
    hls.attachMedia(video);
  }

  /** Plays one rendition, or the best that fits with `AUTOMATIC`. */
  choose(index: number): void {
    if (this.#hls) this.#hls.nextLevel = index;
  }

  /** Plays at a speed; a live class is caught up with only at 1. */
  setSpeed(speed: number): void {
    // hls.js would go back from the chosen speed at once.
    if (this.#hls) this.#hls.config.maxLiveSyncPlaybackRate = speed === 1 ? CATCH_UP_RATE : 1;
    if (this.#video) this.#video.playbackRate = speed;
  }

  /** Lets the video element go. */
  destroy(): void {
    this.#destroyed = true;
    this.#hls?.destroy();
    this.#hls = null;
    this.#video = null;
  }
}

/** Resolves when the browser has drawn what it had to, and soon in any case. */
function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Safari has no such call.
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: IDLE_MS });
    else setTimeout(resolve, IDLE_MS);
  });
}
