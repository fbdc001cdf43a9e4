/** Puts a class on the air and keeps it there. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { endSession, ownSessionQuery, publishToken, startSession } from "../../api/instructor";
import type { Session } from "../../api/types";
import type { LinkState } from "../../media/peer-link";
import type { PublisherStats } from "../../media/stats";
import { WhipClient } from "../../media/whip-client";
import { recall, remember } from "../../ui/storage";

/** What the panel shows; also its `data-state`. */
export type BroadcastState = LinkState | "ended";

const HISTORY = 60;
/** Names the class that this tab has on the air, so that a reload goes on with it. */
const ON_AIR = "on-air";

/** Binds one class to the present stream of picture and sound. */
export function useBroadcast(session: Session, stream: MediaStream | null) {
  const queries = useQueryClient();
  const client = useRef<WhipClient | null>(null);
  const [link, setLink] = useState<LinkState>("idle");
  const [history, setHistory] = useState<PublisherStats[]>([]);
  const [problem, setProblem] = useState<Error | null>(null);
  const { id, status } = session;

  const start = useMutation({ mutationFn: () => startSession(id), onSuccess: (fresh) => keep(fresh) });
  const end = useMutation({
    mutationFn: () => endSession(id),
    onSuccess: (fresh) => {
      stop();
      keep(fresh);
    },
  });

  function keep(fresh: Session): void {
    queries.setQueryData(ownSessionQuery(id).queryKey, (last) => last && { ...last, ...fresh });
    void queries.invalidateQueries();
  }

  function stop(): void {
    remember(ON_AIR, null, "tab");
    void client.current?.stop();
    client.current = null;
  }

  // Media first, then the announcement: nobody is called to an empty stage.
  const onLink = useEffectEvent((state: LinkState) => {
    setLink(state);
    if (state !== "live") return;
    setProblem(null);
    if (status === "upcoming" && !start.isPending) start.mutate();
  });

  function goLive(): void {
    if (!stream) return;
    void client.current?.stop();
    const whip = new WhipClient({ endpoint: `/whip/${id}`, token: () => publishToken(id), stream });
    client.current = whip;
    whip.on("state", (state) => {
      if (client.current === whip || state === "idle") onLink(state);
    });
    whip.on("problem", setProblem);
    whip.on("stats", (stats) => setHistory((last) => [...last.slice(1 - HISTORY), stats]));
    setHistory([]);
    setProblem(null);
    remember(ON_AIR, id, "tab");
    whip.start();
  }

  const resume = useEffectEvent(() => {
    if (client.current || recall(ON_AIR, "tab") !== id || status !== "live") return;
    goLive();
  });

  useEffect(() => {
    if (!stream) return;
    for (const track of stream.getTracks()) void client.current?.replaceTrack(track);
    resume();
  }, [stream]);

  // The class may be ended elsewhere: by another tab, an administrator, or the server.
  const over = status === "ended" || status === "cancelled";
  const onOver = useEffectEvent(stop);
  useEffect(() => {
    if (over) onOver();
  }, [over]);

  useEffect(() => {
    return () => {
      void client.current?.stop();
      client.current = null;
    };
  }, []);

  const state: BroadcastState = over ? "ended" : link;
  return {
    state,
    history,
    // The server hangs up when the class ends: that is no problem then.
    problem: over ? null : (problem ?? start.error ?? end.error),
    ending: end.isPending,
    goLive,
    end: () => end.mutate(),
    retry: () => client.current?.retryNow(),
  };
}
