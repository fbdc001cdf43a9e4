/** How many sizes of its picture a publisher sends at once (simulcast), so that each viewer gets the one that fits. */

/** Enough for a sharp 720p at 30 frames a second; the estimator goes below it on a weaker line. */
const VIDEO_MAX_BPS = 2_500_000;

/** A picture of no more than this width is small enough for everybody. */
const SMALLEST_WIDTH = 480;

/** Sizes by their share of the whole, largest first. */
const SIZES = [
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: VIDEO_MAX_BPS },
  { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 700_000 },
  { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 200_000 },
];

/**
 * The encodings of a picture of `width` pixels, for a connection whose first choice is `codec` (a MIME type).
 *
 * The largest comes first: a server that does not know simulcast keeps the first and drops the rest. VP9 and AV1 would
 * put all sizes into one stream unless each is said to be plain (`L1T1`); H.264 and VP8 need nothing of the kind.
 */
export function simulcast(width: number, codec: string | undefined): RTCRtpEncodingParameters[] {
  const sizes = SIZES.filter(({ scaleResolutionDownBy: down }) => down === 1 || width / down >= SMALLEST_WIDTH / 2);
  if (sizes.length === 1) return single();
  const plain = /\/(?:vp9|av1)$/i.test(codec ?? "") ? { scalabilityMode: "L1T1" } : {};
  return sizes.map((size) => ({ ...size, ...plain }));
}

/** One size, for browsers that cannot send several. */
export function single(): RTCRtpEncodingParameters[] {
  return [{ maxBitrate: VIDEO_MAX_BPS }];
}
