/** In which order a publisher offers its codecs. */

/** Best first. What HLS can carry comes before VP8, which cannot be recorded. */
const ORDER = ["video/h264", "video/vp9", "video/av1", "video/vp8"];

/**
 * Sorts codec capabilities for `setCodecPreferences`: H.264 (packetization mode 1 first), VP9, AV1, VP8, then the
 * repair formats, which must stay in the list. Codecs of the same rank keep the browser's own order.
 */
export function preferRecordable<Codec extends { mimeType: string; sdpFmtpLine?: string }>(codecs: Codec[]): Codec[] {
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

function rank(codec: { mimeType: string; sdpFmtpLine?: string }): number {
  const place = ORDER.indexOf(codec.mimeType.toLowerCase());
  if (place < 0) return ORDER.length;
  const singleNal = place === 0 && !codec.sdpFmtpLine?.includes("packetization-mode=1");
  return singleNal ? 0.5 : place;
}
