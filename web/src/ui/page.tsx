/** The frame of a page: title, actions, width. */
import { clsx } from "clsx";
import type { ReactNode } from "react";
import { useTitle } from "./use-title";

const WIDTHS = { narrow: "max-w-md", text: "max-w-2xl", wide: "max-w-7xl" };

interface PageProps {
  title: string;
  lead?: string;
  actions?: ReactNode;
  width?: keyof typeof WIDTHS;
  children: ReactNode;
}

/** A page with its one `h1`. */
export function Page({ title, lead, actions, width = "wide", children }: PageProps) {
  useTitle(title);
  return (
    <div className={clsx("mx-auto w-full px-4 py-6 sm:px-6 sm:py-8", WIDTHS[width])}>
      <div className="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-2xl font-bold tracking-tight wrap-anywhere hyphens-auto sm:text-3xl">{title}</h1>
          {lead ? <p className="mt-1 text-muted">{lead}</p> : null}
        </div>
        {actions ? <div className="flex flex-wrap gap-2">{actions}</div> : null}
      </div>
      {children}
    </div>
  );
}

/** A surface that holds what belongs together. */
export function Card({ className, children }: { className?: string; children: ReactNode }) {
  return <div className={clsx("rounded-card border border-line bg-surface shadow-card", className)}>{children}</div>;
}
