/** Tables; on phones each row is a card, and each of its cells says what it is. */

import { clsx } from "clsx";
import { Children, type ComponentProps, createContext, type ReactNode, use } from "react";
import { Card } from "./page";

interface TableProps {
  caption: string;
  /** Names of the columns. */
  head: string[];
  /** `<Row>` with `<Cell>`. */
  children: ReactNode;
}

/** A table with a caption for screen readers. */
export function Table({ caption, head, children }: TableProps) {
  return (
    <Card className="overflow-hidden">
      <Scrolled label={caption}>
        <table className="w-full border-collapse text-left text-sm max-md:block">
          <caption className="sr-only">{caption}</caption>
          <thead className="bg-raised text-muted max-md:hidden">
            <tr>
              {head.map((name) => (
                <th key={name} scope="col" className="px-3 py-2.5 font-medium whitespace-nowrap lg:px-4">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="max-md:block">
            <Head value={head}>{children}</Head>
          </tbody>
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

/** One row; its cells are in the order of the columns. */
export function Row({ children, ...rest }: ComponentProps<"tr">) {
  const head = use(Head);
  return (
    <tr {...rest} className="border-line not-first:border-t max-md:block max-md:px-4 max-md:py-3 md:border-t">
      {Children.map(children, (cell, index) => (
        <Column value={index === 0 ? "" : (head[index] ?? "")}>{cell}</Column>
      ))}
    </tr>
  );
}

/** One cell; the first of a row is its title. */
export function Cell({ children, nowrap = false }: { children?: ReactNode; nowrap?: boolean }) {
  const column = use(Column);
  return (
    <td
      className={clsx(
        "align-middle max-md:flex max-md:items-center max-md:justify-between max-md:gap-4 max-md:py-1 md:px-3 md:py-2.5 lg:px-4",
        nowrap && "whitespace-nowrap",
      )}
    >
      {column ? <span className="text-muted md:hidden">{column}</span> : null}
      <div className={clsx("min-w-0", column && "max-md:text-right")}>{children}</div>
    </td>
  );
}

/** Names of the table's columns. */
const Head = createContext<string[]>([]);
/** Name of the cell's column; empty for the first. */
const Column = createContext("");
