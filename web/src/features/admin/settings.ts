/** Settings as fields of a form, and back. */
import type { Setting } from "../../api/admin";

/** Which field a value needs; a list has one item a line. */
export function shownAs(value: unknown): "check" | "number" | "list" | "text" {
  if (typeof value === "boolean") return "check";
  if (typeof value === "number") return "number";
  return Array.isArray(value) ? "list" : "text";
}

/** What the form changes; what is as it was is left out. */
export function changesOf(settings: Setting[], data: FormData): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const { key, value } of settings) {
    const now = formValue(value, data, key);
    if (JSON.stringify(now) !== JSON.stringify(value)) changes[key] = now;
  }
  return changes;
}

function formValue(before: unknown, data: FormData, key: string): unknown {
  const field = data.get(key);
  const written = typeof field === "string" ? field : "";
  switch (shownAs(before)) {
    case "check":
      return data.has(key);
    case "number":
      return Number(written);
    case "list":
      return written
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    case "text":
      return written === "" && before === null ? null : written;
  }
}
