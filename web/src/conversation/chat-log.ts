/** The messages of one class as this page knows them: kept in order, without gaps and without doubles. */
import { queryOptions } from "@tanstack/react-query";
import { latestMessages } from "../api/conversation";
import type { ChatMessage, ChatPage } from "../api/types";

/** More are not kept on the page: who wants to read further back asks for it. */
const KEPT = 500;

/** The chat of a class. Events keep it fresh. */
export function chatQuery(id: string) {
  const queryKey = ["conversation", id, "chat"] as const;
  return queryOptions({
    queryKey,
    queryFn: async ({ client }) => {
      const page = await latestMessages(id);
      // Asked for after the answer: messages may have come in meanwhile.
      return renew(client.getQueryData<ChatPage>(queryKey), page);
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Takes in the newest page: within its reach it is the truth, around it what is known stays. */
export function renew(known: ChatPage | undefined, page: ChatPage): ChatPage {
  const first = page.messages[0];
  const last = page.messages.at(-1);
  if (!known || !first || !last) return page;
  const newer = known.messages.filter((message) => message.id > last.id);
  const older = known.messages.filter((message) => message.id < first.id);
  // Known messages that end before the page begins leave a gap; what is before the page can be asked for.
  const joined = known.messages.some((message) => message.id >= first.id);
  const messages = joined ? [...older, ...page.messages, ...newer] : page.messages;
  return { messages, hasMore: joined && older.length > 0 ? known.hasMore : page.hasMore, pinned: page.pinned ?? null };
}

/** Puts a page of earlier messages in front. */
export function prepend(known: ChatPage, page: ChatPage): ChatPage {
  const first = known.messages[0];
  const earlier = page.messages.filter((message) => !first || message.id < first.id);
  return { ...known, messages: [...earlier, ...known.messages], hasMore: page.hasMore };
}

/** Adds one message where it belongs; one that is there already changes nothing. */
export function add(known: ChatPage | undefined, message: ChatMessage): ChatPage {
  if (!known) return { messages: [message], hasMore: true, pinned: null };
  const { messages, hasMore } = known;
  const first = messages[0];
  if (messages.some(({ id }) => id === message.id)) return known;
  // Before all that is shown, with others between: it is found by reading back.
  if (first && hasMore && message.id < first.id) return known;
  const after = messages.findIndex(({ id }) => id > message.id);
  const grown = after < 0 ? [...messages, message] : messages.toSpliced(after, 0, message);
  return { ...known, messages: grown.slice(-KEPT), hasMore: hasMore || grown.length > KEPT };
}

/** Takes one message away. */
export function remove(known: ChatPage, id: string): ChatPage {
  return {
    ...known,
    messages: known.messages.filter((message) => message.id !== id),
    pinned: known.pinned?.id === id ? null : (known.pinned ?? null),
  };
}

/** Puts one message above all others, or none. */
export function pin(known: ChatPage, pinned: ChatMessage | null): ChatPage {
  return {
    ...known,
    pinned,
    messages: known.messages.map((message) => ({ ...message, isPinned: message.id === pinned?.id })),
  };
}

/** How many messages of others came after the last one that was seen. */
export function unread(known: ChatPage | undefined, seen: string | null, me: string | undefined): number {
  if (!known || seen === null) return 0;
  return known.messages.filter((message) => message.id > seen && message.userId !== me).length;
}
