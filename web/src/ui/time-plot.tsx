/** A plot of numbers over time, with its axes; the numbers are in a table for those who do not see it. */
import { clsx } from "clsx";
import { useTranslation } from "react-i18next";
import { useLocale } from "./i18n/locale";

/** One measurement; `at` in milliseconds since the epoch. */
export interface Point {
  at: number;
  value: number;
}

interface TimePlotProps {
  title: string;
  points: Point[];
  /** Writes a value; whole numbers in the reader's language if not given. */
  format?: (value: number) => string;
}

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 56;
const BOTTOM = 28;
const TOP = 10;
/** The drawing is as wide as the page: its letters are not to grow and shrink with it. */
const LETTERS = "fill-muted text-[12px] max-sm:text-[26px] lg:text-[8px]";
/** Rows of the table: enough to follow the course. */
const MOST_ROWS = 24;

/** Draws a line over a ground; the scale begins at zero. */
export function TimePlot({ title, points, format }: TimePlotProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const write = format ?? ((value: number) => value.toLocaleString(locale));
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const scale = scaleOf(points);
  const line = points.map((point) => `${scale.x(point.at)},${scale.y(point.value)}`).join(" ");
  const first = points[0];
  const last = points.at(-1);
  return (
    <figure className="m-0">
      <figcaption className="mb-2 text-sm font-medium">{title}</figcaption>
      {first && last && points.length > 1 ? (
        <svg
          role="img"
          aria-label={title}
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          className="w-full overflow-visible text-primary"
        >
          {scale.levels.map((level) => (
            <g key={level}>
              <line x1={LEFT} x2={WIDTH} y1={scale.y(level)} y2={scale.y(level)} className="stroke-line" />
              <text x={LEFT - 8} y={scale.y(level) + 4} textAnchor="end" className={LETTERS}>
                {write(level)}
              </text>
            </g>
          ))}
          {scale.times.map((time, index) => (
            <text
              key={time}
              x={scale.x(time)}
              y={HEIGHT - 8}
              textAnchor={index === 0 ? "start" : index === scale.times.length - 1 ? "end" : "middle"}
              className={clsx(LETTERS, index % 2 === 1 && "max-sm:hidden")}
            >
              {clock.format(time)}
            </text>
          ))}
          <polygon
            points={`${scale.x(first.at)},${scale.y(0)} ${line} ${scale.x(last.at)},${scale.y(0)}`}
            className="fill-current opacity-15"
          />
          <polyline points={line} className="fill-none stroke-current" strokeWidth="2" strokeLinejoin="round" />
        </svg>
      ) : (
        <p className="rounded-lg bg-raised px-4 py-8 text-center text-sm text-muted">{t("plot.empty")}</p>
      )}
      <table className="sr-only">
        <caption>{title}</caption>
        <tbody>
          {thinned(points).map((point) => (
            <tr key={point.at}>
              <th scope="row">{clock.format(point.at)}</th>
              <td>{write(point.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function scaleOf(points: Point[]) {
  const from = points[0]?.at ?? 0;
  const span = Math.max(1, (points.at(-1)?.at ?? 0) - from);
  const step = roundStep(Math.max(1, ...points.map((point) => point.value)) / 4);
  const top = step * Math.max(1, Math.ceil(Math.max(...points.map((point) => point.value), 0) / step));
  return {
    levels: Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step),
    times: [0, 0.25, 0.5, 0.75, 1].map((share) => from + share * span),
    x: (at: number) => LEFT + ((at - from) / span) * (WIDTH - LEFT),
    y: (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM),
  };
}

/** The next of 1, 2, 5, 10, 20, 50… */
function roundStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value) ?? power;
}

function thinned(points: Point[]): Point[] {
  const every = Math.ceil(points.length / MOST_ROWS);
  return points.filter((_, index) => index % every === 0);
}
