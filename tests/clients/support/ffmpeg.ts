/** ffmpeg as a publisher (the build with a WHIP muxer) and as a judge of replays (Debian's). */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The demo's clip: a dot that is full, and a beep, during the first 0.12 s of every second. */
export const CLIP = join(import.meta.dirname, "../../../src/demo/class.mp4");

/** Publishes the clip in real time, in a loop, until stopped or for `seconds` of media. */
export function publish(url: string, key: string, { options = [] as readonly string[], seconds = 0 } = {}): ChildProcess {
  const input = ["-re", "-stream_loop", "-1", ...(seconds ? ["-t", `${seconds}`] : []), "-i", CLIP, "-c", "copy"];
  const output = ["-f", "whip", "-authorization", key, ...options, url];
  return spawn(whipBinary(), ["-nostdin", "-hide_banner", "-loglevel", "error", ...input, ...output], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/** Interrupts a publisher, or takes it away without a farewell, and waits until it is gone. */
export async function stop(child: ChildProcess, signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> {
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** The Python environment that `scripts/test-needs` makes. */
export function environment(): string {
  const server = process.env.TEST_BINARY ?? join(import.meta.dirname, "../../../target/debug/lectern");
  return process.env.TEST_VENV ?? join(server, "../../venv");
}

/** The ffmpeg of the wheel in it. */
function whipBinary(): string {
  const packages = join(environment(), "lib");
  const python = readdirSync(packages).find((name) => name.startsWith("python3"));
  const binaries = join(packages, python ?? "", "site-packages/imageio_ffmpeg/binaries");
  const name = readdirSync(binaries).find((each) => each.startsWith("ffmpeg-"));
  if (!name) throw new Error(`no ffmpeg in ${binaries}`);
  return join(binaries, name);
}

/** A replay of the clip, measured. */
export interface Measured {
  /** From the first picture to the end of the last, seconds. */
  length: number;
  /** For each beep, how much later it comes than its dot, ms. */
  skewMs: number[];
  /** The longest time between two pictures, ms. */
  longestStillMs: number;
}

/** Decodes a replay of the clip from its playlist, and compares the dot with the beep. */
export async function measure(playlist: string): Promise<Measured> {
  const dot = "crop=40:40:1080:388,scale=2:2,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-";
  const level = "lavfi.astats.Overall.RMS_level";
  const loudness = `aresample=48000,asetnsamples=96,astats=metadata=1:reset=1,ametadata=print:key=${level}:file=-`;
  const pictures = await values(playlist, ["-map", "0:v:0", "-vf", dot]);
  const sounds = await values(playlist, ["-map", "0:a:0", "-af", loudness]);
  const dots = onsets(pictures, (value) => value > 100, 0.5);
  const beeps = onsets(sounds, (value) => value > -22, 0.5);
  const skewMs = dots.flatMap((at) => {
    const nearest = beeps.reduce((best, beep) => (Math.abs(beep - at) < Math.abs(best - at) ? beep : best), Infinity);
    return Math.abs(nearest - at) < 0.5 ? [(nearest - at) * 1000] : [];
  });
  const times = pictures.map(([at]) => at);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
  const length = (times.at(-1) ?? Number.NaN) - (times[0] ?? Number.NaN) + 1 / 30;
  return { length, skewMs, longestStillMs: Math.max(...gaps) * 1000 };
}

/** Times, in seconds, and values that a filter prints for each frame. */
async function values(input: string, filter: string[]): Promise<[number, number][]> {
  const args = ["-nostdin", "-hide_banner", "-loglevel", "error", "-copyts", "-i", input, ...filter, "-f", "null", "-"];
  const child = spawn("ffmpeg", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString();
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`ffmpeg cannot read ${input}`);
  const found = text.matchAll(/pts_time:(\S+)\s+lavfi\.\S+=(\S+)/g);
  return [...found].map(([, at, value]) => [Number(at), value === "-inf" ? -200 : Number(value)]);
}

/** When a value rises, at least `apart` seconds after the rise before. */
function onsets(samples: [number, number][], high: (value: number) => boolean, apart: number): number[] {
  const found: number[] = [];
  let before = true;
  for (const [at, value] of samples) {
    if (high(value) && !before && at - (found.at(-1) ?? -Infinity) > apart) found.push(at);
    before = high(value);
  }
  return found;
}
