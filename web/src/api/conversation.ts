/** What people say and do around a class: chat, polls, questions, hands, reactions. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";
import type { ChatMessage, ChatPage, Poll, Question } from "./types";

/** What can be sent with one press. */
export const REACTIONS = ["👍", "❤️", "😂", "👏", "🎉", "🤔"] as const;

/** The latest messages of a class. */
export function latestMessages(id: string): Promise<ChatPage> {
  return take(api.GET("/api/live/sessions/{id}/chat", at(id)));
}

/** The messages before one. */
export function olderMessages(id: string, before: string): Promise<ChatPage> {
  return take(api.GET("/api/live/sessions/{id}/chat", { params: { path: { id }, query: { before } } }));
}

/** Writes a message. */
export function postMessage(id: string, message: string): Promise<ChatMessage> {
  return take(api.POST("/api/live/sessions/{id}/chat", { ...at(id), body: { message } }));
}

/** Takes a message away: the writer's own, or any as host. */
export async function deleteMessage(id: string, message: string): Promise<void> {
  await take(api.DELETE("/api/live/sessions/{id}/chat/{message}", { params: { path: { id, message } } }));
}

/** Shows one message above all others, or takes it down again. */
export async function pinMessage(id: string, message: string, pin: boolean): Promise<void> {
  const where = { params: { path: { id, message } } };
  if (pin) await take(api.POST("/api/live/sessions/{id}/chat/{message}/pin", where));
  else await take(api.DELETE("/api/live/sessions/{id}/chat/{message}/pin", where));
}

/** Who may not write. For hosts. */
export function bansQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "bans"],
    queryFn: async () => (await take(api.GET("/api/live/sessions/{id}/chat/bans", at(id)))).bans,
  });
}

/** Silences somebody: for some minutes, or for the rest of the class. */
export async function silence(id: string, userId: string, minutes: number | null): Promise<void> {
  const body = minutes === null ? { userId, kind: "ban" as const } : { userId, kind: "mute" as const, minutes };
  await take(api.POST("/api/live/sessions/{id}/chat/bans", { ...at(id), body }));
}

/** Lets somebody write again. */
export async function unsilence(id: string, user: string): Promise<void> {
  await take(api.DELETE("/api/live/sessions/{id}/chat/bans/{user}", { params: { path: { id, user } } }));
}

/** Sends an emoji over everybody's picture. */
export async function react(id: string, emoji: string): Promise<void> {
  await take(api.POST("/api/live/sessions/{id}/reactions", { ...at(id), body: { emoji } }));
}

/** Raised hands, in the order in which they went up. */
export function handsQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "hands"],
    queryFn: async () => (await take(api.GET("/api/live/sessions/{id}/hands", at(id)))).hands,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Raises or lowers the own hand. */
export async function moveHand(id: string, up: boolean): Promise<void> {
  if (up) await take(api.POST("/api/live/sessions/{id}/hand", at(id)));
  else await take(api.DELETE("/api/live/sessions/{id}/hand", at(id)));
}

/** Lowers somebody's hand. For hosts. */
export async function lowerHand(id: string, user: string): Promise<void> {
  await take(api.DELETE("/api/live/sessions/{id}/hands/{user}", { params: { path: { id, user } } }));
}

/** The polls of a class, newest first. */
export function pollsQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "polls"],
    queryFn: async () => (await take(api.GET("/api/live/sessions/{id}/polls", at(id)))).polls.toReversed(),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Makes a poll. For hosts, while the class is live. */
export function createPoll(id: string, question: string, options: string[]): Promise<Poll> {
  return take(api.POST("/api/live/sessions/{id}/polls", { ...at(id), body: { question, options } }));
}

/** Votes, once. */
export async function vote(poll: string, optionId: string): Promise<Poll> {
  return (await take(api.POST("/api/live/polls/{id}/vote", { ...at(poll), body: { optionId } }))).poll;
}

/** Opens or closes a poll. For hosts. */
export function setPollOpen(poll: string, open: boolean): Promise<Poll> {
  return open
    ? take(api.POST("/api/live/polls/{id}/reopen", at(poll)))
    : take(api.POST("/api/live/polls/{id}/close", at(poll)));
}

/** Removes a poll and its votes. For hosts. */
export async function deletePoll(poll: string): Promise<void> {
  await take(api.DELETE("/api/live/polls/{id}", at(poll)));
}

/** The questions of a class, most wanted first. */
export function questionsQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "questions"],
    queryFn: async () => (await take(api.GET("/api/live/sessions/{id}/questions", at(id)))).questions,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Asks. */
export function ask(id: string, question: string): Promise<Question> {
  return take(api.POST("/api/live/sessions/{id}/questions", { ...at(id), body: { question } }));
}

/** Says that one wants to know this too, or no more. */
export function upvote(question: string, up: boolean): Promise<Question> {
  return up
    ? take(api.POST("/api/live/questions/{id}/upvote", at(question)))
    : take(api.DELETE("/api/live/questions/{id}/upvote", at(question)));
}

/** Marks a question as answered, or as open again. For hosts. */
export function setAnswered(question: string, answered: boolean): Promise<Question> {
  return answered
    ? take(api.POST("/api/live/questions/{id}/answered", at(question)))
    : take(api.DELETE("/api/live/questions/{id}/answered", at(question)));
}

/** Takes a question away: the asker's own, or any as host. */
export async function deleteQuestion(question: string): Promise<void> {
  await take(api.DELETE("/api/live/questions/{id}", at(question)));
}

function at(id: string) {
  return { params: { path: { id } } };
}
