/** Measured numbers as people read them. */

/** Bits per second, in kb/s or Mb/s. */
export function bitrate(bps: number, language: string): string {
  const mega = bps >= 1_000_000;
  const value = mega ? bps / 1_000_000 : bps / 1_000;
  const digits = mega ? 1 : 0;
  const number = value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${number} ${mega ? "Mb/s" : "kb/s"}`;
}

/** A share of 0 to 1 as a percentage with one decimal. */
export function percent(ratio: number, language: string): string {
  return ratio.toLocaleString(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A share of 0 to 1 as a whole percentage. */
export function share(ratio: number, language: string): string {
  return ratio.toLocaleString(language, { style: "percent", maximumFractionDigits: 0 });
}
