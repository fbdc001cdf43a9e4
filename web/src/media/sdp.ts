/** The things we change in an SDP, because no browser API says them; and the fragments of an ICE restart. */

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

/**
 * What a restart of the ICE session tells the server: the new credentials of an offer, as a fragment (RFC 8840
 * section 9). Null where the offer has none.
 */
export function restartFragment(offer: string): string | null {
  const lines = ["ice-ufrag", "ice-pwd", "ice-options"].flatMap((name) => {
    const line = new RegExp(`^a=${name}:[^\\r\\n]*`, "m").exec(offer)?.[0];
    return line ? [line] : [];
  });
  return lines.length >= 2 ? `${lines.join("\r\n")}\r\n` : null;
}

/** The answer as it is after the server's fragment: other credentials and candidates, all else as it was. */
export function restartedAnswer(answer: string, fragment: string): string {
  const value = (name: string) => new RegExp(`^a=${name}:([^\\r\\n]*)`, "m").exec(fragment)?.[1];
  const candidates = [...fragment.matchAll(/^a=(?:candidate:|end-of-candidates)[^\r\n]*/gm)].map(([line]) => line);
  const lines = answer.split("\r\n").filter((line) => !/^a=(?:candidate:|end-of-candidates)/.test(line));
  let placed = false;
  const renewed = lines.flatMap((line) => {
    if (line.startsWith("a=ice-ufrag:")) return [`a=ice-ufrag:${value("ice-ufrag") ?? ""}`];
    if (!line.startsWith("a=ice-pwd:")) return [line];
    const pwd = `a=ice-pwd:${value("ice-pwd") ?? ""}`;
    // Everything is bundled into the first section: candidates elsewhere would be ignored.
    const here = placed ? [pwd] : [pwd, ...candidates];
    placed = true;
    return here;
  });
  return renewed.join("\r\n");
}
