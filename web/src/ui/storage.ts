/** Small choices remembered in this browser; it may refuse, and then nothing is remembered. */

const PREFIX = "lectern.";

/** How far a memory reaches: all tabs and visits, or this tab until it is closed. */
export type Reach = "browser" | "tab";

/** The remembered text, or null. */
export function recall(name: string, reach: Reach = "browser"): string | null {
  try {
    return storage(reach).getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Remembers a text, or forgets it with null. */
export function remember(name: string, value: string | null, reach: Reach = "browser"): void {
  try {
    if (value === null) storage(reach).removeItem(PREFIX + name);
    else storage(reach).setItem(PREFIX + name, value);
  } catch {
    // Private windows of some browsers have no storage: the choice holds until the page is left.
  }
}

function storage(reach: Reach): Storage {
  return reach === "browser" ? localStorage : sessionStorage;
}
