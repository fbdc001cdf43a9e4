/** Tables that can be scrolled sideways on narrow screens, by finger and by keyboard. */
import type { ReactNode } from "react";
import { Card } from "./page";

interface TableProps {
  caption: string;
  /** Names of the columns. */
  head: string[];
  /** `<tr>` with `<Cell>`. */
  children: ReactNode;
}

/** A table with a caption for screen readers. */
export function Table({ caption, head, children }: TableProps) {
  return (
    <Card className="overflow-hidden">
      <Scrolled label={caption}>
        <table className="w-full border-collapse text-left text-sm">
          <caption className="sr-only">{caption}</caption>
          <thead className="bg-raised text-muted">
            <tr>
              {head.map((name) => (
                <th key={name} scope="col" className="px-4 py-2.5 font-medium whitespace-nowrap">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="[&_tr]:border-t [&_tr]:border-line">{children}</tbody>
        </table>
      </Scrolled>
    </Card>
  );
}

/** Something wide that is scrolled sideways; in the tab order, because only then can a keyboard scroll it. */
export function Scrolled({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: WCAG 2.1.1 asks for it where nothing inside takes the focus
    <section className="relative overflow-x-auto" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

/** One cell. */
export function Cell({ children, nowrap = false }: { children?: ReactNode; nowrap?: boolean }) {
  return <td className={`px-4 py-2.5 align-middle ${nowrap ? "whitespace-nowrap" : ""}`}>{children}</td>;
}
