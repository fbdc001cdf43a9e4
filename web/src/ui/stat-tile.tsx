/** One number with its name, for rows of them. */
import type { ReactNode } from "react";
import { Card } from "./page";

interface StatTileProps {
  id: string;
  name: string;
  value: string;
  /** For programs that read the page. */
  raw?: number | null | undefined;
  /** A plot or a remark below. */
  children?: ReactNode;
}

/** A tile; put several into a `<dl>`. */
export function StatTile({ id, name, value, raw, children }: StatTileProps) {
  return (
    <Card className="flex min-w-0 flex-col p-4">
      <dt className="text-sm text-muted">{name}</dt>
      <dd
        className="mt-0.5 text-xl font-bold tabular-nums wrap-anywhere"
        data-figure={id}
        data-value={raw ?? undefined}
      >
        {value}
        {children ? <div className="mt-2 text-sm font-normal">{children}</div> : null}
      </dd>
    </Card>
  );
}
