/** One picture of two: the screen, with the camera in its corner. */
import type { Order, Source } from "./composer-worker";
import { centred, corner, type Size, within } from "./layout";

/** Sharp enough to read code, and no more than a laptop can encode beside a class. */
const MOST: Size = { width: 1920, height: 1080 };
const FALLBACK_FPS = 30;

/** Frames of a track, and a track of frames (MediaStreamTrack Insertable Media Processing; Chromium's form of it). */
interface InsertableStreams {
  MediaStreamTrackProcessor: new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> };
  MediaStreamTrackGenerator: new (init: {
    kind: "video";
  }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> };
}

/** Draws until it is closed. */
export interface Composer {
  /** What is drawn, as one track. */
  readonly track: MediaStreamTrack;
  /** Lays this camera over the screen from now on; null for none. */
  setCamera(camera: MediaStreamTrack | null): void;
  close(): void;
}

/** Composes `screen` with cameras to come. The tracks stay the caller's. */
export function compose(screen: MediaStreamTrack): Composer {
  const { width = MOST.width, height = MOST.height } = screen.getSettings();
  const size = within({ width, height }, MOST);
  const streams = globalThis as unknown as Partial<InsertableStreams>;
  return streams.MediaStreamTrackProcessor && streams.MediaStreamTrackGenerator
    ? composeInWorker(screen, size, streams as InsertableStreams)
    : composeInPage(screen, size);
}

function composeInWorker(screen: MediaStreamTrack, size: Size, streams: InsertableStreams): Composer {
  const worker = startWorker();
  const order = (message: Order, transfer: Transferable[]) => worker.postMessage(message, transfer);
  const generator = new streams.MediaStreamTrackGenerator({ kind: "video" });
  const clones: Partial<Record<Source, MediaStreamTrack>> = {};
  order({ kind: "start", size, output: generator.writable }, [generator.writable]);
  show("screen", screen);

  function show(source: Source, track: MediaStreamTrack | null): void {
    clones[source]?.stop();
    delete clones[source];
    if (!track) {
      order({ kind: "source", source, frames: null }, []);
      return;
    }
    // The processor ends with its track: a copy can be ended without turning off the camera.
    const clone = track.clone();
    clones[source] = clone;
    const { readable: frames } = new streams.MediaStreamTrackProcessor({ track: clone });
    order({ kind: "source", source, frames }, [frames]);
  }

  return {
    track: generator,
    setCamera: (camera) => show("camera", camera),
    close() {
      order({ kind: "stop" }, []);
      for (const clone of Object.values(clones)) clone.stop();
      generator.stop();
    },
  };
}

/** For browsers that give no access to frames: drawn in the page, in time with a worker, which no tab slows. */
function composeInPage(screen: MediaStreamTrack, size: Size): Composer {
  const canvas = Object.assign(document.createElement("canvas"), size);
  const context = canvas.getContext("2d", { alpha: false });
  const [track] = canvas.captureStream(FALLBACK_FPS).getVideoTracks();
  if (!context || !track) throw new Error("this browser cannot compose pictures");
  const back = videoOf(screen);
  let front: HTMLVideoElement | null = null;
  const worker = startWorker();
  worker.addEventListener("message", () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, size.width, size.height);
    drawVideo(context, back, (shape) => centred(shape, size));
    if (front) drawVideo(context, front, (shape) => corner(shape, size));
  });
  worker.postMessage({ kind: "tick" } satisfies Order);
  return {
    track,
    setCamera(camera) {
      front = camera ? videoOf(camera) : null;
    },
    close() {
      worker.terminate();
      track.stop();
    },
  };
}

function startWorker(): Worker {
  return new Worker(new URL("./composer-worker.ts", import.meta.url), { type: "module" });
}

function videoOf(track: MediaStreamTrack): HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  // Plays without a gesture because it is silent.
  void video.play().catch(() => undefined);
  return video;
}

function drawVideo(
  context: CanvasRenderingContext2D,
  video: HTMLVideoElement,
  place: (shape: Size) => { x: number; y: number; width: number; height: number },
): void {
  if (video.videoWidth === 0) return;
  const { x, y, width, height } = place({ width: video.videoWidth, height: video.videoHeight });
  context.drawImage(video, x, y, width, height);
}
