/**
 * Draws screen and camera into one picture, away from the page: browsers slow the page's own timers and drawing when its
 * tab is in the background, which is where it is while somebody shows another window. A worker goes on at full speed.
 */
import { centred, corner, type Size } from "./layout";

/** What the page asks of the worker. */
export type Order =
  /** Draw pictures of this size into `output`; both ends of the streams are handed over. */
  | { kind: "start"; size: Size; output: WritableStream<VideoFrame> }
  /** Frames of one source from now on; null when it has none. */
  | { kind: "source"; source: Source; frames: ReadableStream<VideoFrame> | null }
  /** Only keep the time: a message at each picture's turn, for browsers that must draw in the page. */
  | { kind: "tick" }
  | { kind: "stop" };

/** What is drawn. */
export type Source = "screen" | "camera";

const INTERVAL_MS = 1000 / 30;
/** A picture that does not change is sent again after this, so that whoever joins gets one. */
const REPEAT_MS = 1_000;

const latest: Record<Source, VideoFrame | null> = { screen: null, camera: null };
const readers: Record<Source, ReadableStreamDefaultReader<VideoFrame> | null> = { screen: null, camera: null };
let timer: ReturnType<typeof setInterval> | undefined;
let isFresh = false;
let drawnAt = 0;

addEventListener("message", (event: MessageEvent<Order>) => {
  const order = event.data;
  if (order.kind === "start") start(order.size, order.output);
  else if (order.kind === "source") follow(order.source, order.frames);
  else if (order.kind === "tick") timer = setInterval(() => postMessage("tick"), INTERVAL_MS);
  else stop();
});

function start(size: Size, output: WritableStream<VideoFrame>): void {
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext("2d", { alpha: false, desynchronized: true });
  const writer = output.getWriter();
  if (!context) return;
  timer = setInterval(() => {
    const now = performance.now();
    if (!latest.screen || (!isFresh && now - drawnAt < REPEAT_MS)) return;
    // The browser is behind: a picture that nobody takes is not drawn.
    if ((writer.desiredSize ?? 0) <= 0) return;
    isFresh = false;
    drawnAt = now;
    draw(context, size);
    const frame = new VideoFrame(canvas, { timestamp: Math.round(now * 1000) });
    writer.write(frame).catch(() => frame.close());
  }, INTERVAL_MS);
}

function draw(context: OffscreenCanvasRenderingContext2D, size: Size): void {
  const { screen, camera } = latest;
  context.fillStyle = "#000";
  context.fillRect(0, 0, size.width, size.height);
  if (screen) {
    const { x, y, width, height } = centred(shape(screen), size);
    context.drawImage(screen, x, y, width, height);
  }
  if (camera) {
    const { x, y, width, height } = corner(shape(camera), size);
    context.save();
    context.beginPath();
    context.roundRect(x, y, width, height, width * 0.05);
    context.clip();
    context.drawImage(camera, x, y, width, height);
    context.restore();
  }
}

function shape(frame: VideoFrame): Size {
  return { width: frame.displayWidth, height: frame.displayHeight };
}

async function follow(source: Source, frames: ReadableStream<VideoFrame> | null): Promise<void> {
  void readers[source]?.cancel().catch(() => undefined);
  keep(source, null);
  const reader = frames?.getReader() ?? null;
  readers[source] = reader;
  while (reader) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (done || !value) break;
    if (readers[source] !== reader) return value.close();
    keep(source, value);
  }
}

function keep(source: Source, frame: VideoFrame | null): void {
  latest[source]?.close();
  latest[source] = frame;
  isFresh = true;
}

function stop(): void {
  clearInterval(timer);
  void follow("screen", null);
  void follow("camera", null);
  close();
}
