/** A small plot of one number over time. */

interface SparklineProps {
  values: number[];
  /** How many values fill the width. */
  capacity: number;
  label: string;
  /** The scale reaches at least to this. */
  least?: number;
}

/** Draws from the right edge, newest last; the scale begins at zero. */
export function Sparkline({ values, capacity, label, least = 1 }: SparklineProps) {
  const shown = values.slice(-capacity);
  const top = Math.max(least, ...shown);
  const offset = capacity - shown.length;
  const points = shown.map((value, index) => `${offset + index},${(1 - value / top) * 30 + 1}`);
  const first = offset;
  const last = capacity - 1;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${capacity - 1} 32`}
      preserveAspectRatio="none"
      className="h-10 w-full overflow-visible"
    >
      {points.length > 1 ? (
        <>
          <polygon points={`${first},32 ${points.join(" ")} ${last},32`} className="fill-current opacity-15" />
          <polyline
            points={points.join(" ")}
            className="fill-none stroke-current"
            strokeWidth="1.5"
            vectorEffect="non-scaling-stroke"
          />
        </>
      ) : null}
    </svg>
  );
}
