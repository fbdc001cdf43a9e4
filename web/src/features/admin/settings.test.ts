import { expect, test } from "vitest";
import type { Setting } from "../../api/admin";
import { changesOf } from "./settings";

const setting = (key: string, value: unknown): Setting => ({ key, value, kind: "", description: "" });

const settings = [
  setting("recording.retention_days", 7),
  setting("chat.banned_words", ["one", "two"]),
  setting("access.replay_by_tier", true),
  setting("name", "Lectern"),
  setting("motto", null),
];

function form(changes: Record<string, string | null> = {}): FormData {
  const data = new FormData();
  const fields = {
    "recording.retention_days": "7",
    "chat.banned_words": "one\ntwo",
    "access.replay_by_tier": "on",
    name: "Lectern",
    motto: "",
    ...changes,
  };
  for (const [name, value] of Object.entries(fields)) if (value !== null) data.set(name, value);
  return data;
}

test("what is as it was is not sent", () => {
  expect(changesOf(settings, form())).toEqual({});
});

test("each kind of value is sent as it came", () => {
  const changed = form({
    "recording.retention_days": "14",
    "chat.banned_words": " one \n\nthree\r\n",
    "access.replay_by_tier": null,
    motto: "Learn",
  });
  expect(changesOf(settings, changed)).toEqual({
    "recording.retention_days": 14,
    "chat.banned_words": ["one", "three"],
    "access.replay_by_tier": false,
    motto: "Learn",
  });
});
