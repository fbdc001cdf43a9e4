/** What a browser cannot decode of a recording, in people's words. */

/** Names by the beginning of a codec string (RFC 6381). */
const NAMES: Record<string, string> = {
  avc1: "H.264",
  avc3: "H.264",
  hev1: "H.265",
  hvc1: "H.265",
  vp09: "VP9",
  av01: "AV1",
  opus: "Opus",
  mp4a: "AAC",
};

/** Codecs of a recording: each of its pictures is needed, and one of its sounds. */
interface Codecs {
  codecs: string[];
  audioCodecs: string[];
}

/** Names of the codecs without which the recording cannot be played here; `knows` asks the browser about a media type. */
export function undecodable({ codecs, audioCodecs }: Codecs, knows = knownHere): string[] {
  const pictures = codecs.filter((codec) => !knows(`video/mp4; codecs="${codec}"`));
  const hears = audioCodecs.length === 0 || audioCodecs.some((codec) => knows(`audio/mp4; codecs="${codec}"`));
  return [...new Set([...pictures, ...(hears ? [] : audioCodecs)].map(nameOf))];
}

function knownHere(type: string): boolean {
  if ("MediaSource" in globalThis) return MediaSource.isTypeSupported(type);
  return document.createElement("video").canPlayType(type) !== "";
}

function nameOf(codec: string): string {
  const [start = codec] = codec.split(".");
  return NAMES[start.toLowerCase()] ?? codec;
}
