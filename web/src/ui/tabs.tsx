/** Tabs over panels; all panels stay there, so that nothing is lost by changing. */
import { clsx } from "clsx";
import { Tabs as Primitive } from "radix-ui";
import type { ReactNode } from "react";

/** One tab. */
interface Tab {
  id: string;
  label: string;
  /** A number of new things behind it. */
  news?: number;
  /** What a screen reader says of that number. */
  newsText?: string;
}

interface TabsProps {
  label: string;
  tabs: Tab[];
  value: string;
  onChange: (id: string) => void;
  className?: string;
  children: ReactNode;
}

/** The list of tabs and, as children, a `TabPanel` for each. */
export function Tabs({ label, tabs, value, onChange, className, children }: TabsProps) {
  return (
    <Primitive.Root value={value} onValueChange={onChange} className={className}>
      <Primitive.List aria-label={label} className="flex shrink-0 border-b border-line">
        {tabs.map((tab) => (
          <Primitive.Trigger
            key={tab.id}
            value={tab.id}
            className="-mb-px inline-flex min-h-11 min-w-0 flex-1 items-center justify-center gap-1.5 border-b-2 border-transparent px-1.5 text-sm font-medium text-muted hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-primary data-[state=active]:text-ink"
          >
            <span className="truncate">{tab.label}</span>
            {tab.news ? (
              <span className="rounded-full bg-live-ground px-1.5 text-xs leading-5 font-semibold text-white tabular-nums">
                <span aria-hidden="true">{tab.news > 99 ? "99+" : tab.news}</span>
                <span className="sr-only">{tab.newsText}</span>
              </span>
            ) : null}
          </Primitive.Trigger>
        ))}
      </Primitive.List>
      {children}
    </Primitive.Root>
  );
}

/** What one tab shows. */
export function TabPanel({ id, className, children }: { id: string; className?: string; children: ReactNode }) {
  return (
    <Primitive.Content
      value={id}
      forceMount
      tabIndex={-1}
      className={clsx("outline-none data-[state=inactive]:hidden", className)}
    >
      {children}
    </Primitive.Content>
  );
}
