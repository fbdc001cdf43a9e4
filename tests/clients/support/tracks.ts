/** The files of a recording, as ffprobe and ffmpeg find them. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { MediaPlaylist, Segment } from "./playlists";

const run = promisify(execFile);

/** A track of a file. */
export interface Track {
  codec: string;
  /** From the first packet to the last by decoding time, seconds. */
  seconds: number;
  /** The shortest and the longest time from one packet to the next, ms. */
  shortestStepMs: number;
  longestStepMs: number;
}

/** Consecutive segments of one rendition with one init segment, and no discontinuity between them. */
export interface Part extends Track {
  /** What the playlist says, seconds. */
  listedSeconds: number;
  bytes: number;
  /** Whatever ffmpeg has said while it decoded everything. */
  complaints: string;
}

/** All parts of a media playlist, in order. */
export async function partsOf(playlist: MediaPlaylist): Promise<Part[]> {
  const parts: Segment[][] = [];
  for (const segment of playlist.segments) {
    const last = parts.at(-1);
    if (last && !segment.breaks && last[0]?.map === segment.map) last.push(segment);
    else parts.push([segment]);
  }
  return Promise.all(parts.map(examine));
}

/** The tracks of an MP4. */
export function tracksOf(bytes: Buffer): Promise<Track[]> {
  return withFile(bytes, probe);
}

async function examine(segments: Segment[]): Promise<Part> {
  const urls = [segments[0]?.map ?? "", ...segments.map(({ uri }) => uri)];
  const files = await Promise.all(urls.map(async (url) => Buffer.from(await (await fetch(url)).arrayBuffer())));
  return withFile(Buffer.concat(files), async (file) => {
    const [track] = await probe(file);
    if (!track) throw new Error(`no track in ${urls[0]}`);
    const decoded = await run("ffmpeg", ["-nostdin", "-v", "warning", "-i", file, ...AS_IT_IS, "-f", "null", "-"]);
    const listedSeconds = segments.reduce((sum, { seconds }) => sum + seconds, 0);
    const bytes = files.slice(1).reduce((sum, { length }) => sum + length, 0);
    return { ...track, listedSeconds, bytes, complaints: decoded.stderr };
  });
}

/** Neither a constant frame rate nor times rounded to one. */
const AS_IT_IS = ["-fps_mode", "passthrough", "-enc_time_base", "-1"];

async function withFile<T>(bytes: Buffer, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-track-"));
  try {
    const file = join(folder, "track.mp4");
    await writeFile(file, bytes);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Packet {
  stream_index: number;
  dts_time: string;
}

/** What ffprobe says; a warning is an error. */
async function probe(file: string): Promise<Track[]> {
  const entries = ["-show_entries", "packet=stream_index,dts_time:stream=index,codec_name"];
  const arguments_ = ["-v", "warning", ...entries, "-of", "json", file];
  const { stdout, stderr } = await run("ffprobe", arguments_, { maxBuffer: 64 << 20 });
  if (stderr) throw new Error(stderr);
  const found = JSON.parse(stdout) as { packets: Packet[]; streams: { index: number; codec_name: string }[] };
  return found.streams.map(({ index, codec_name }) => ({
    codec: codec_name,
    ...measured(found.packets.filter(({ stream_index }) => stream_index === index)),
  }));
}

function measured(packets: Packet[]): Omit<Track, "codec"> {
  const times = packets.map(({ dts_time }) => Number(dts_time));
  const steps = times.slice(1).map((time, index) => (time - (times[index] ?? Number.NaN)) * 1000);
  return {
    seconds: (times.at(-1) ?? Number.NaN) - (times[0] ?? Number.NaN),
    shortestStepMs: Math.min(...steps),
    longestStepMs: Math.max(...steps),
  };
}
