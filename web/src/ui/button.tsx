/** Buttons, and links that look like them. */
import { clsx } from "clsx";
import type { ComponentProps } from "react";

type Variant = "primary" | "secondary" | "quiet" | "danger";
type Size = "small" | "medium" | "large";

interface Look {
  variant?: Variant | undefined;
  size?: Size | undefined;
}

const VARIANTS: Record<Variant, string> = {
  primary: "bg-primary text-on-primary hover:bg-primary-strong",
  secondary: "border border-edge bg-surface text-ink hover:bg-raised",
  quiet: "text-ink hover:bg-raised",
  danger: "bg-live-ground text-white hover:brightness-90",
};

const SIZES: Record<Size, string> = {
  small: "min-h-9 gap-1.5 px-3 text-sm",
  medium: "min-h-11 gap-2 px-4 text-sm",
  large: "min-h-12 gap-2 px-6 text-base",
};

/** Classes of a button, for links and menu triggers. */
export function buttonClass({ variant = "primary", size = "medium" }: Look = {}): string {
  return clsx(
    "inline-flex items-center justify-center rounded-lg py-1.5 text-center font-semibold transition-colors",
    "disabled:cursor-not-allowed disabled:opacity-55 [&_svg]:size-4.5 [&_svg]:shrink-0",
    VARIANTS[variant],
    SIZES[size],
  );
}

/** A button; does not submit a form unless told. */
export function Button({ variant, size, className, type = "button", ...rest }: ComponentProps<"button"> & Look) {
  return <button type={type} className={clsx(buttonClass({ variant, size }), className)} {...rest} />;
}
