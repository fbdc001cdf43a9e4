/** What people say and do around a class: chat, polls, questions, hands, reactions. */
import { queryOptions } from "@tanstack/react-query";
import { call } from "./pending";

/** One message. Keys grow in the order in which messages were written. */
export interface ChatMessage {
  id: string;
  sessionId: string;
  userId: string;
  userName: string;
  userInitials: string;
  message: string;
  isHost: boolean;
  isPinned: boolean;
  createdAt: string;
}

/** A page of chat, oldest first. */
export interface ChatPage {
  messages: ChatMessage[];
  hasMore: boolean;
  pinned: ChatMessage | null;
}

export interface PollOption {
  id: string;
  text: string;
  voteCount: number;
}

export interface Poll {
  id: string;
  sessionId: string;
  question: string;
  isActive: boolean;
  options: PollOption[];
  totalVotes: number;
  /** `null` where the answer was not made for one person. */
  userVoted: boolean | null;
  userVoteOptionId: string | null;
  createdAt: string;
}

export interface Question {
  id: string;
  sessionId: string;
  userId: string;
  userName: string;
  userInitials: string;
  question: string;
  upvotes: number;
  userUpvoted: boolean | null;
  isAnswered: boolean;
  createdAt: string;
}

export interface Hand {
  userId: string;
  userName: string;
  userInitials: string;
  raisedAt: string;
}

/** Somebody who may not write for now, or not any more. */
export interface Ban {
  userId: string;
  userName: string;
  kind: "mute" | "ban";
  untilAt: string | null;
}

/** What can be sent with one press. */
export const REACTIONS = ["👍", "❤️", "😂", "👏", "🎉", "🤔"] as const;

/** The latest messages of a class. */
export function latestMessages(id: string): Promise<ChatPage> {
  return call("GET", `${session(id)}/chat`);
}

/** The messages before one. */
export function olderMessages(id: string, before: string): Promise<ChatPage> {
  return call("GET", `${session(id)}/chat?before=${before}`);
}

/** Writes a message. */
export function postMessage(id: string, message: string): Promise<ChatMessage> {
  return call("POST", `${session(id)}/chat`, { message });
}

/** Takes a message away: the writer's own, or any as host. */
export function deleteMessage(id: string, message: string): Promise<void> {
  return call("DELETE", `${session(id)}/chat/${message}`);
}

/** Shows one message above all others, or takes it down again. */
export function pinMessage(id: string, message: string, pin: boolean): Promise<void> {
  return call(pin ? "POST" : "DELETE", `${session(id)}/chat/${message}/pin`);
}

/** Who may not write. For hosts. */
export function bansQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "bans"],
    queryFn: async () => (await call<{ bans: Ban[] }>("GET", `${session(id)}/chat/bans`)).bans,
  });
}

/** Silences somebody: for some minutes, or for the rest of the class. */
export function silence(id: string, userId: string, minutes: number | null): Promise<void> {
  const body = minutes === null ? { userId, kind: "ban" } : { userId, kind: "mute", minutes };
  return call("POST", `${session(id)}/chat/bans`, body);
}

/** Lets somebody write again. */
export function unsilence(id: string, userId: string): Promise<void> {
  return call("DELETE", `${session(id)}/chat/bans/${userId}`);
}

/** Sends an emoji over everybody's picture. */
export function react(id: string, emoji: string): Promise<void> {
  return call("POST", `${session(id)}/reactions`, { emoji });
}

/** Raised hands, in the order in which they went up. */
export function handsQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "hands"],
    queryFn: async () => (await call<{ hands: Hand[] }>("GET", `${session(id)}/hands`)).hands,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Raises or lowers the own hand. */
export function moveHand(id: string, up: boolean): Promise<void> {
  return call(up ? "POST" : "DELETE", `${session(id)}/hand`);
}

/** Lowers somebody's hand. For hosts. */
export function lowerHand(id: string, userId: string): Promise<void> {
  return call("DELETE", `${session(id)}/hands/${userId}`);
}

/** The polls of a class, newest first. */
export function pollsQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "polls"],
    queryFn: async () => (await call<{ polls: Poll[] }>("GET", `${session(id)}/polls`)).polls.toSorted(newestFirst),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Makes a poll. For hosts, while the class is live. */
export function createPoll(id: string, question: string, options: string[]): Promise<Poll> {
  return call("POST", `${session(id)}/polls`, { question, options });
}

/** Votes, once. */
export async function vote(poll: string, optionId: string): Promise<Poll> {
  return (await call<{ poll: Poll }>("POST", `/api/live/polls/${poll}/vote`, { optionId })).poll;
}

/** Opens or closes a poll. For hosts. */
export function setPollOpen(poll: string, open: boolean): Promise<Poll> {
  return call("POST", `/api/live/polls/${poll}/${open ? "reopen" : "close"}`);
}

/** Removes a poll and its votes. For hosts. */
export function deletePoll(poll: string): Promise<void> {
  return call("DELETE", `/api/live/polls/${poll}`);
}

/** The questions of a class, most wanted first. */
export function questionsQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id, "questions"],
    queryFn: async () => (await call<{ questions: Question[] }>("GET", `${session(id)}/questions`)).questions,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Asks. */
export function ask(id: string, question: string): Promise<Question> {
  return call("POST", `${session(id)}/questions`, { question });
}

/** Says that one wants to know this too, or no more. */
export function upvote(question: string, up: boolean): Promise<Question> {
  return call(up ? "POST" : "DELETE", `/api/live/questions/${question}/upvote`);
}

/** Marks a question as answered, or as open again. For hosts. */
export function setAnswered(question: string, answered: boolean): Promise<Question> {
  return call(answered ? "POST" : "DELETE", `/api/live/questions/${question}/answered`);
}

/** Takes a question away: the asker's own, or any as host. */
export function deleteQuestion(question: string): Promise<void> {
  return call("DELETE", `/api/live/questions/${question}`);
}

function newestFirst(a: Poll, b: Poll): number {
  return Date.parse(b.createdAt) - Date.parse(a.createdAt);
}

function session(id: string): string {
  return `/api/live/sessions/${id}`;
}
