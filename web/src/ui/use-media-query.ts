/** Whether the window has a certain shape, for layouts that differ in more than their looks. */
import { useSyncExternalStore } from "react";

/** Two columns fit (the design's `lg`). */
export const DESKTOP = "(min-width: 64rem)";

/** Follows one CSS media query. */
export function useMediaQuery(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}
