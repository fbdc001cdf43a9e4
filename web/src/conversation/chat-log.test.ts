import { expect, test } from "vitest";
import type { ChatMessage, ChatPage } from "../api/types";
import { add, pin, prepend, remove, renew, unread } from "./chat-log";

function message(id: string, userId = "ann"): ChatMessage {
  return {
    id,
    userId,
    sessionId: "class",
    userName: "Ann",
    userInitials: "A",
    message: id,
    isHost: false,
    isPinned: false,
    createdAt: "",
  };
}

function page(ids: string, hasMore = false): ChatPage {
  return { messages: [...ids].map((id) => message(id)), hasMore, pinned: null };
}

function ids(log: ChatPage): string {
  return log.messages.map(({ id }) => id).join("");
}

test("messages stand in the order of their keys, each once, however they come", () => {
  let log = page("bd");
  for (const id of ["e", "c", "d", "c"]) log = add(log, message(id));
  expect(ids(log)).toBe("bcde");
  expect(ids(add(undefined, message("a")))).toBe("a");
});

test("a message from before all that is shown leaves no gap behind it", () => {
  expect(ids(add(page("de", true), message("a")))).toBe("de");
  expect(ids(add(page("de"), message("a")))).toBe("ade");
});

test("a page asked anew takes deleted messages away and keeps those around it", () => {
  const log = renew({ ...page("abcdef", true) }, page("ce", true));
  expect(ids(log)).toBe("abcef");
  expect(log.hasMore).toBe(true);
});

test("after a long absence the page begins anew instead of with a gap", () => {
  const log = renew(page("ab"), page("xyz", true));
  expect(ids(log)).toBe("xyz");
  expect(log.hasMore).toBe(true);
});

test("earlier messages go in front", () => {
  const log = prepend(page("cd", true), page("abc"));
  expect(ids(log)).toBe("abcd");
  expect(log.hasMore).toBe(false);
});

test("a long class is not kept whole", () => {
  let log = page("");
  for (let number = 0; number < 510; number += 1) log = add(log, message(String(number).padStart(4, "0")));
  expect(log.messages).toHaveLength(500);
  expect(log.messages[0]?.id).toBe("0010");
  expect(log.hasMore).toBe(true);
});

test("a pinned message is marked, and unpinned when it is deleted", () => {
  const log = pin(page("ab"), message("b"));
  expect(log.messages.map(({ isPinned }) => isPinned)).toEqual([false, true]);
  expect(remove(log, "b").pinned).toBeNull();
  expect(remove(log, "a").pinned?.id).toBe("b");
  expect(pin(log, null).messages.some(({ isPinned }) => isPinned)).toBe(false);
});

test("unread are the messages of others since the last look", () => {
  const log = { ...page("abc"), messages: [message("a"), message("b", "me"), message("c")] };
  expect(unread(log, "a", "me")).toBe(1);
  expect(unread(log, null, "me")).toBe(0);
  expect(unread(undefined, "a", "me")).toBe(0);
});
