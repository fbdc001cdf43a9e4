/** The two things we change in an SDP, because no browser API says them. */

/**
 * Asks for stereo in an offer's Opus lines (RFC 7587 section 6.1): without it Chromium decodes to mono. Other lines
 * stay byte for byte.
 */
export function askForStereo(sdp: string): string {
  const opus = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map((match) => match[1]));
  return sdp.replace(/^a=fmtp:(\d+) ([^\r\n]*)/gm, (line, payload: string, parameters: string) =>
    opus.has(payload) && !/\bstereo=/.test(parameters) ? `${line};stereo=1` : line,
  );
}

/**
 * Lets Chromium's encoder begin at `kbps` instead of its careful 300, in an answer's video lines; the estimator takes
 * over within a second. Other browsers ignore the parameter.
 */
export function startAt(kbps: number, sdp: string): string {
  const codecs = /^a=rtpmap:(\d+) (?:H264|H265|VP8|VP9|AV1)\/90000/gim;
  const video = new Set([...sdp.matchAll(codecs)].map((match) => match[1]));
  const done = new Set<string>();
  const extended = sdp.replace(/^a=fmtp:(\d+) [^\r\n]*/gm, (line, payload: string) => {
    if (!video.has(payload)) return line;
    done.add(payload);
    return `${line};x-google-start-bitrate=${kbps}`;
  });
  return extended.replace(/^(a=rtpmap:(\d+) [^\r\n]*)(\r?\n)/gm, (line, map: string, payload: string, end: string) =>
    video.has(payload) && !done.has(payload)
      ? `${map}${end}a=fmtp:${payload} x-google-start-bitrate=${kbps}${end}`
      : line,
  );
}
