/** A list of measured numbers with their names. */

/** One number; `value` is shown, `raw` is for programs that read the page. */
export interface Figure {
  id: string;
  name: string;
  value: string;
  raw?: number | string | null;
}

/** Names on the left, numbers on the right. */
export function Figures({ figures }: { figures: Figure[] }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
      {figures.map(({ id, name, value, raw }) => (
        <div key={id} className="contents">
          <dt className="opacity-80">{name}</dt>
          <dd className="min-w-0 text-right tabular-nums" data-figure={id} data-value={raw ?? undefined}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
