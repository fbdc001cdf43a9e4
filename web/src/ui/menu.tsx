/** A small menu behind three dots. */
import { EllipsisVertical } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { buttonClass } from "./button";

/** One thing to do. */
export interface MenuItem {
  label: string;
  icon: ReactNode;
  danger?: boolean;
  onSelect: () => void;
}

/** Opens downwards from its button; draws nothing when there is nothing to do. */
export function MoreMenu({ label, items }: { label: string; items: MenuItem[] }) {
  if (items.length === 0) return null;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        aria-label={label}
        className={`${buttonClass({ variant: "quiet", size: "small" })} self-start px-1.5!`}
      >
        <EllipsisVertical aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-40 min-w-48 rounded-xl border border-line bg-surface p-1.5 shadow-lift"
        >
          {items.map(({ label: text, icon, danger, onSelect }) => (
            <DropdownMenu.Item
              key={text}
              onSelect={onSelect}
              className={`flex min-h-10 items-center gap-2 rounded-lg px-3 text-sm outline-none data-highlighted:bg-raised [&_svg]:size-4 ${danger ? "text-danger" : ""}`}
            >
              {icon}
              {text}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
