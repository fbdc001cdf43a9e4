/** Small choices remembered in this browser; it may refuse, and then nothing is remembered. */

const PREFIX = "lectern.";

/** The remembered text, or null. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Remembers a text, or forgets it with null. */
export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Private windows of some browsers have no storage: the choice holds until the page is left.
  }
}
