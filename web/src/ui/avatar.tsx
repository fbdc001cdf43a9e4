/** A person as two letters in a circle. */
import { clsx } from "clsx";

const GROUNDS = ["bg-phase-1 text-ink", "bg-phase-2 text-good", "bg-phase-3 text-warn", "bg-phase-4 text-primary"];

/** The same person always has the same colour. */
export function Avatar({ initials, person }: { initials: string; person: string }) {
  const hash = [...person].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
  return (
    <span
      aria-hidden="true"
      className={clsx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-full text-xs font-semibold",
        GROUNDS[hash % GROUNDS.length],
      )}
    >
      {initials}
    </span>
  );
}
