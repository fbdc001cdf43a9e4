/** Light, dark, or as the system has it. `app/begin.js` applies the choice before the first paint. */
import { useSyncExternalStore } from "react";
import { recall, remember } from "./storage";

/** What a person can choose. */
export type Theme = "system" | "light" | "dark";

const listeners = new Set<() => void>();
let current: Theme = parse(recall("theme"));

/** The chosen theme. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => current);
}

/** Changes the theme now and for the next visits. */
export function setTheme(theme: Theme): void {
  current = theme;
  remember("theme", theme === "system" ? null : theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function parse(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "system";
}
