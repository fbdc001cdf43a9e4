/** One part of the account page. */
import type { ReactNode } from "react";
import { useId } from "react";
import { Card } from "../../ui/page";

/** A card with a heading, by which screen readers find it. */
export function Section({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const id = useId();
  return (
    <Card className="p-5 sm:p-6">
      <section aria-labelledby={id}>
        <h2 id={id} className="text-lg font-semibold">
          {title}
        </h2>
        {lead ? <p className="mt-1 text-sm text-muted">{lead}</p> : null}
        <div className="mt-4">{children}</div>
      </section>
    </Card>
  );
}
