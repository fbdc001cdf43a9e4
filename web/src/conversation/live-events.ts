/** What the server tells about a class while it goes on, taken into what the page knows. */
import type { QueryClient } from "@tanstack/react-query";
import { handsQuery, pollsQuery, questionsQuery } from "../api/conversation";
import { sessionQuery } from "../api/sessions";
import type { ChatMessage, ChatPage, Hand, Poll, Question, SessionStatus } from "../api/types";
import type { SocketMessage } from "../media/socket-link";
import { add, chatQuery, pin, remove } from "./chat-log";

/** The data of each event, by its name. */
interface Events {
  "chat:message": ChatMessage;
  "chat:deleted": { id: string };
  "chat:pinned": { message: ChatMessage | null };
  "poll:update": { pollId: string; optionId: string; voteCount: number; totalVotes: number };
  "poll:changed": { poll: Poll };
  "poll:deleted": { pollId: string };
  "question:changed": { question: Question };
  "question:deleted": { id: string };
  "hand:raised": Hand;
  "hand:lowered": { userId: string };
  "session:status": { status: SessionStatus; viewerCount: number };
  "viewer:count": { viewerCount: number };
}

type Appliers = { [Name in keyof Events]: (queries: QueryClient, id: string, data: Events[Name]) => void };

/** Takes one event in. Events that are not about what is known here change nothing. */
export function apply(queries: QueryClient, id: string, { type, data }: SocketMessage): void {
  if (!isKnown(type)) return;
  const applier = APPLIERS[type] as (queries: QueryClient, id: string, data: unknown) => void;
  applier(queries, id, data);
}

const APPLIERS: Appliers = {
  "chat:message": (queries, id, message) =>
    queries.setQueryData<ChatPage>(chatQuery(id).queryKey, (known) => add(known, message)),
  "chat:deleted": (queries, id, { id: gone }) =>
    queries.setQueryData<ChatPage>(chatQuery(id).queryKey, (known) => known && remove(known, gone)),
  "chat:pinned": (queries, id, { message }) =>
    queries.setQueryData<ChatPage>(chatQuery(id).queryKey, (known) => known && pin(known, message)),
  "poll:update": (queries, id, { pollId, optionId, voteCount, totalVotes }) =>
    changePolls(queries, id, (polls) =>
      polls.map((poll) => {
        if (poll.id !== pollId) return poll;
        const options = poll.options.map((option) => (option.id === optionId ? { ...option, voteCount } : option));
        return { ...poll, options, totalVotes };
      }),
    ),
  "poll:changed": (queries, id, { poll }) => putPoll(queries, id, poll),
  "poll:deleted": (queries, id, { pollId }) =>
    changePolls(queries, id, (polls) => polls.filter((poll) => poll.id !== pollId)),
  "question:changed": (queries, id, { question }) => putQuestion(queries, id, question),
  "question:deleted": (queries, id, { id: gone }) =>
    changeQuestions(queries, id, (questions) => questions.filter((question) => question.id !== gone)),
  "hand:raised": (queries, id, hand) =>
    changeHands(queries, id, (hands) => [...hands.filter(({ userId }) => userId !== hand.userId), hand]),
  "hand:lowered": (queries, id, { userId }) =>
    changeHands(queries, id, (hands) => hands.filter((hand) => hand.userId !== userId)),
  "session:status": (queries, id, { status, viewerCount }) => {
    changeSession(queries, id, { status, viewerCount });
    // What one may do changes with it: watch, vote, replay.
    void queries.invalidateQueries({ queryKey: ["sessions"] });
  },
  "viewer:count": (queries, id, { viewerCount }) => changeSession(queries, id, { viewerCount }),
};

/** Puts a poll in its place, or first if it is new. What it does not say about the reader's own vote stays. */
export function putPoll(queries: QueryClient, id: string, poll: Poll): void {
  changePolls(queries, id, (polls) => {
    const known = polls.find((other) => other.id === poll.id);
    if (!known) return [poll, ...polls];
    const { userVoted = null, userVoteOptionId = null } = poll.userVoted == null ? known : poll;
    return polls.map((other) => (other.id === poll.id ? { ...poll, userVoted, userVoteOptionId } : other));
  });
}

/** Puts a question in its place; the most wanted come first. */
export function putQuestion(queries: QueryClient, id: string, question: Question): void {
  changeQuestions(queries, id, (questions) => {
    const known = questions.find((other) => other.id === question.id);
    const userUpvoted = question.userUpvoted ?? known?.userUpvoted ?? false;
    const others = questions.filter((other) => other.id !== question.id);
    return [...others, { ...question, userUpvoted }].toSorted(
      (a, b) => b.upvotes - a.upvotes || Date.parse(a.createdAt) - Date.parse(b.createdAt),
    );
  });
}

function isKnown(type: string): type is keyof Events {
  return Object.hasOwn(APPLIERS, type);
}

function changePolls(queries: QueryClient, id: string, change: (polls: Poll[]) => Poll[]): void {
  queries.setQueryData<Poll[]>(pollsQuery(id).queryKey, (known) => known && change(known));
}

function changeQuestions(queries: QueryClient, id: string, change: (questions: Question[]) => Question[]): void {
  queries.setQueryData<Question[]>(questionsQuery(id).queryKey, (known) => known && change(known));
}

function changeHands(queries: QueryClient, id: string, change: (hands: Hand[]) => Hand[]): void {
  queries.setQueryData<Hand[]>(handsQuery(id).queryKey, (known) => known && change(known));
}

function changeSession(queries: QueryClient, id: string, part: { status?: SessionStatus; viewerCount: number }): void {
  queries.setQueryData(sessionQuery(id).queryKey, (known) => known && { ...known, ...part });
}
