/** A recording's playlists as parsers of others read them: `m3u8-parser` (npm), and `m3u8` (PyPI) in `playlists.py`. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Manifest, Parser } from "m3u8-parser";
import { environment } from "./ffmpeg";

/** All that a master playlist leads to. Addresses are absolute. */
export interface Playlists {
  variants: Variant[];
  sounds: Sound[];
  /** Each once, in the order in which they are first named. */
  media: MediaPlaylist[];
}

export interface Variant {
  uri: string;
  bps: number;
  averageBps: number;
  codecs: string;
  /** 0 without a picture, as is what follows. */
  width: number;
  height: number;
  framesPerSecond: number;
  /** The group of sounds beside it. */
  audio: string | null;
}

export interface Sound {
  group: string;
  uri: string;
  isDefault: boolean;
}

export interface MediaPlaylist {
  uri: string;
  kind: "EVENT" | "VOD";
  ended: boolean;
  independent: boolean;
  targetSeconds: number;
  firstNumber: number;
  segments: Segment[];
}

export interface Segment {
  uri: string;
  /** Address of the init segment. */
  map: string;
  seconds: number;
  /** A discontinuity comes before it. */
  breaks: boolean;
  /** When its first moment was, ms since 1970. */
  at: number;
}

/** The texts of a master playlist and all that it names, by address, the master playlist first. */
export async function download(master: string): Promise<Map<string, string>> {
  const texts = new Map([[master, await load(master)]]);
  for (const { uri } of [...variantsOf(master, texts), ...soundsOf(master, texts)]) {
    if (!texts.has(uri)) texts.set(uri, await load(uri));
  }
  return texts;
}

/** What npm's parser makes of them; anything that it warns of is an error. */
export function read(texts: Map<string, string>): Playlists {
  const [master = "", ...media] = texts.keys();
  return {
    variants: variantsOf(master, texts),
    sounds: soundsOf(master, texts),
    media: media.map((uri) => mediaOf(uri, texts)),
  };
}

/** What Python's parser makes of them. */
export function readByPython(texts: Map<string, string>): Playlists {
  const python = join(environment(), "bin/python3");
  const script = join(import.meta.dirname, "playlists.py");
  const input = JSON.stringify(Object.fromEntries(texts));
  return JSON.parse(execFileSync(python, [script], { input, encoding: "utf8" })) as Playlists;
}

function variantsOf(master: string, texts: Map<string, string>): Variant[] {
  return (parse(master, texts).playlists ?? []).map(({ uri, attributes }) => ({
    uri: new URL(uri, master).href,
    bps: Number(attributes.BANDWIDTH),
    averageBps: Number(attributes["AVERAGE-BANDWIDTH"]),
    codecs: attributes.CODECS ?? "",
    width: attributes.RESOLUTION?.width ?? 0,
    height: attributes.RESOLUTION?.height ?? 0,
    framesPerSecond: Number(attributes["FRAME-RATE"] ?? 0),
    audio: attributes.AUDIO ?? null,
  }));
}

function soundsOf(master: string, texts: Map<string, string>): Sound[] {
  const groups = Object.entries(parse(master, texts).mediaGroups?.AUDIO ?? {});
  return groups.flatMap(([group, names]) =>
    Object.values(names).map(({ uri = "", default: isDefault }) => ({ group, uri: new URL(uri, master).href, isDefault })),
  );
}

function mediaOf(uri: string, texts: Map<string, string>): MediaPlaylist {
  const manifest = parse(uri, texts);
  return {
    uri,
    kind: manifest.playlistType ?? "VOD",
    ended: manifest.endList ?? false,
    independent: manifest.independentSegments ?? false,
    targetSeconds: manifest.targetDuration ?? 0,
    firstNumber: manifest.mediaSequence ?? 0,
    segments: manifest.segments.map((segment) => ({
      uri: new URL(segment.uri, uri).href,
      map: new URL(segment.map?.uri ?? "", uri).href,
      seconds: segment.duration,
      breaks: segment.discontinuity ?? false,
      at: segment.dateTimeObject?.getTime() ?? Number.NaN,
    })),
  };
}

async function load(uri: string): Promise<string> {
  const answer = await fetch(uri);
  if (!answer.ok) throw new Error(`${answer.status} for ${uri}`);
  return answer.text();
}

function parse(uri: string, texts: Map<string, string>): Manifest {
  const parser = new Parser();
  const complaints: string[] = [];
  for (const kind of ["warn", "error"] as const) parser.on(kind, ({ message }) => complaints.push(message));
  parser.push(texts.get(uri) ?? "");
  parser.end();
  if (complaints.length > 0) throw new Error(`${uri}: ${complaints.join("; ")}`);
  return parser.manifest;
}
