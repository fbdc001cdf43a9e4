import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test } from "vitest";
import { pollsQuery, questionsQuery } from "../api/conversation";
import { sessionQuery } from "../api/sessions";
import type { Poll, Question, Session } from "../api/types";
import { chatQuery } from "./chat-log";
import { apply } from "./live-events";

const POLL: Poll = {
  id: "poll",
  sessionId: "class",
  question: "Tea or coffee?",
  isActive: true,
  options: [
    { id: "tea", text: "Tea", voteCount: 1 },
    { id: "coffee", text: "Coffee", voteCount: 2 },
  ],
  totalVotes: 3,
  userVoted: true,
  userVoteOptionId: "tea",
  createdAt: "2026-01-01T12:00:00Z",
};

let queries: QueryClient;

beforeEach(() => {
  queries = new QueryClient();
});

const tell = (type: string, data: unknown) => apply(queries, "class", { type, data });
const polls = () => queries.getQueryData<Poll[]>(pollsQuery("class").queryKey);
const questions = () => queries.getQueryData<Question[]>(questionsQuery("class").queryKey);

test("a vote of somebody moves the bars", () => {
  queries.setQueryData<Poll[]>(pollsQuery("class").queryKey, [POLL]);
  tell("poll:update", { pollId: "poll", optionId: "coffee", voteCount: 3, totalVotes: 4 });
  expect(polls()?.[0]?.options.map((option) => option.voteCount)).toEqual([1, 3]);
  expect(polls()?.[0]?.totalVotes).toBe(4);
});

test("a poll that is closed for everybody keeps the reader's own vote; a new one comes first", () => {
  queries.setQueryData<Poll[]>(pollsQuery("class").queryKey, [POLL]);
  tell("poll:changed", { poll: { ...POLL, isActive: false, userVoted: null, userVoteOptionId: null } });
  expect(polls()?.[0]).toMatchObject({ isActive: false, userVoted: true, userVoteOptionId: "tea" });
  tell("poll:changed", { poll: { ...POLL, id: "next" } });
  expect(polls()?.map(({ id }) => id)).toEqual(["next", "poll"]);
  tell("poll:deleted", { pollId: "poll" });
  expect(polls()?.map(({ id }) => id)).toEqual(["next"]);
});

test("questions stand in the order of their votes, and know what the reader voted", () => {
  const question = { sessionId: "class", userId: "ann", userName: "Ann", userInitials: "A", isAnswered: false };
  const at = (minute: number) => `2026-01-01T12:0${minute}:00Z`;
  const first = { ...question, id: "first", question: "Why?", upvotes: 1, userUpvoted: true, createdAt: at(1) };
  queries.setQueryData<Question[]>(questionsQuery("class").queryKey, [first]);
  tell("question:changed", { question: { ...first, id: "second", upvotes: 2, userUpvoted: null, createdAt: at(2) } });
  expect(questions()?.map(({ id, userUpvoted }) => [id, userUpvoted])).toEqual([
    ["second", false],
    ["first", true],
  ]);
  tell("question:changed", { question: { ...first, upvotes: 2, userUpvoted: null } });
  expect(questions()?.map(({ id, userUpvoted }) => [id, userUpvoted])).toEqual([
    ["first", true],
    ["second", false],
  ]);
});

test("the end of the class and its viewers are seen at once", () => {
  queries.setQueryData(sessionQuery("class").queryKey, { status: "live", viewerCount: 1 } as Session);
  tell("viewer:count", { sessionId: "class", viewerCount: 7 });
  expect(queries.getQueryData(sessionQuery("class").queryKey)).toMatchObject({ status: "live", viewerCount: 7 });
  tell("session:status", { sessionId: "class", status: "ended", viewerCount: 0 });
  expect(queries.getQueryData(sessionQuery("class").queryKey)).toMatchObject({ status: "ended", viewerCount: 0 });
});

test("a message that comes before the history is kept; events of a later version are let pass", () => {
  tell("chat:message", { id: "m", userId: "ann", message: "Hello" });
  expect(queries.getQueryData(chatQuery("class").queryKey)?.messages).toHaveLength(1);
  tell("chat:deleted", { id: "m" });
  expect(queries.getQueryData(chatQuery("class").queryKey)?.messages).toHaveLength(0);
  tell("toString", {});
  tell("poll:update", { pollId: "poll", optionId: "tea", voteCount: 1, totalVotes: 1 });
  expect(polls()).toBeUndefined();
});
