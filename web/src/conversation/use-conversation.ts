/** Follows the conversation of one class for as long as its page is open. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { ChatPage, Session, User } from "../api/types";
import { Emitter } from "../media/emitter";
import { SocketLink, type SocketState } from "../media/socket-link";
import { chatQuery } from "./chat-log";
import { apply } from "./live-events";

/** How long what was said until now waits for the socket: what is read after it opened has no gap behind it. */
const PATIENCE_MS = 1_500;

/** Things that are shown once and forgotten. */
interface Moments {
  reaction: { emoji: string; count: number };
}

/** What panels need to know of the conversation that they are part of. */
export interface Conversation {
  sessionId: string;
  /** Whether what was said until now can be asked for. */
  ready: boolean;
  connection: SocketState;
  moments: Emitter<Moments>;
  me: User | null;
  /** Whether the reader runs the class. */
  host: boolean;
  /** Whether the reader may follow what is said. */
  mayRead: boolean;
  /** Whether the reader may take part: signed in, with the right to watch. */
  member: boolean;
  status: Session["status"];
  /** Key of the last message that was on screen. */
  seen: string | null;
  markSeen: (message: string) => void;
}

/** Connects while mounted. */
export function useConversation(session: Session, me: User | null): Conversation {
  const { id } = session;
  const queries = useQueryClient();
  const [connection, setConnection] = useState<SocketState>("idle");
  const [ready, setReady] = useState(false);
  const [seen, setSeen] = useState<string | null>(null);
  const [moments] = useState(() => new Emitter<Moments>());
  const asked = useRef(false);
  const host = me !== null && (me.role === "admin" || me.id === session.instructorId);
  const mayRead = session.isPublic || session.canWatch || host;
  // Another person, or the same one with other rights, gets a connection of their own.
  const identity = `${me?.id ?? ""} ${session.canWatch}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the identity travels in the cookie
  useEffect(() => {
    if (!mayRead) return;
    const link = new SocketLink(`/live/${id}`);
    asked.current = false;
    setReady(false);
    const begin = () => {
      asked.current = true;
      setReady(true);
    };
    const patience = setTimeout(begin, PATIENCE_MS);
    link.on("state", (state) => {
      setConnection(state);
      if (state !== "open") return;
      clearTimeout(patience);
      if (asked.current) catchUp();
      else begin();
    });
    link.on("message", (message) => {
      if (isReaction(message.type, message.data)) moments.emit("reaction", message.data);
      else apply(queries, id, message);
    });
    /** The messages come over the socket; deletions, votes and hands are read anew. */
    function catchUp(): void {
      const last = queries.getQueryData<ChatPage>(chatQuery(id).queryKey)?.messages.at(-1);
      if (last) link.send("chat:resume", { after: last.id });
      void queries.invalidateQueries({ queryKey: ["conversation", id] });
    }
    link.start();
    return () => {
      clearTimeout(patience);
      link.stop();
    };
  }, [id, identity, mayRead, queries, moments]);

  return {
    sessionId: id,
    ready,
    connection,
    moments,
    me,
    host,
    mayRead,
    member: me !== null && (session.canWatch || host),
    status: session.status,
    seen,
    markSeen: setSeen,
  };
}

function isReaction(type: string, data: unknown): data is Moments["reaction"] {
  return type === "reaction" && typeof data === "object" && data !== null && "emoji" in data && "count" in data;
}
