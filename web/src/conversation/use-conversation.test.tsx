import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ChatMessage, ChatPage, Session, User } from "../api/types";
import { FakeSocket, installFakeSocket } from "../media/testing/fake-socket";
import { chatQuery } from "./chat-log";
import { useConversation } from "./use-conversation";

const ID = "0195e000-0000-7000-8000-000000000001";
const SESSION = { id: ID, status: "live", isPublic: false, canWatch: true, instructorId: "host" } as Session;
const ANN = { id: "ann", role: "viewer" } as User;

let queries: QueryClient;

beforeEach(() => {
  vi.useFakeTimers();
  installFakeSocket();
  queries = new QueryClient();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function follow(session = SESSION) {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  return renderHook((props: Session) => useConversation(props, ANN), { wrapper, initialProps: session });
}

const message = (id: string) => ({ id, sessionId: ID, userId: "host", message: `This is ${id}` }) as ChatMessage;
const known = () => queries.getQueryData<ChatPage>(chatQuery(ID).queryKey)?.messages.map(({ id }) => id);

test("after a break it asks from the last message on, and what was missed comes in its place", () => {
  const { result } = follow();
  act(() => FakeSocket.last.open());
  expect(result.current.ready).toBe(true);
  expect(FakeSocket.last.sent).toEqual([]);
  queries.setQueryData<ChatPage>(chatQuery(ID).queryKey, { messages: [message("m1")], hasMore: false, pinned: null });
  act(() => FakeSocket.last.say("chat:message", message("m2")));

  act(() => FakeSocket.last.lose());
  expect(result.current.connection).toBe("reconnecting");
  act(() => vi.advanceTimersByTime(10_000));
  act(() => FakeSocket.last.open());
  expect(FakeSocket.last.sent).toEqual([{ type: "chat:resume", data: { after: "m2" } }]);
  expect(result.current.connection).toBe("open");

  // A new message may overtake the missed ones, and one of them may come twice.
  for (const id of ["m5", "m3", "m4", "m5"]) act(() => FakeSocket.last.say("chat:message", message(id)));
  expect(known()).toEqual(["m1", "m2", "m3", "m4", "m5"]);
});

test("what else changed meanwhile is read anew after a break", () => {
  follow();
  act(() => FakeSocket.last.open());
  const renewed = vi.spyOn(queries, "invalidateQueries");
  act(() => FakeSocket.last.lose());
  act(() => vi.advanceTimersByTime(10_000));
  act(() => FakeSocket.last.open());
  expect(renewed).toHaveBeenCalledWith({ queryKey: ["conversation", ID] });
});

test("who may not watch makes no connection, until they may", () => {
  const { rerender } = follow({ ...SESSION, canWatch: false });
  act(() => vi.advanceTimersByTime(10_000));
  expect(FakeSocket.made).toHaveLength(0);
  rerender(SESSION);
  expect(FakeSocket.made).toHaveLength(1);
});
