/** Plays a live class into a video element. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { sessionQuery, watchToken } from "../../api/sessions";
import type { Session } from "../../api/types";
import { playAsAllowed } from "../../media/autoplay";
import type { Layer } from "../../media/layers";
import type { LinkState } from "../../media/peer-link";
import type { ViewerStats } from "../../media/stats";
import { type Flow, WhepClient } from "../../media/whep-client";

/** What is known of the connection. */
export interface Live {
  link: LinkState;
  flow: Flow;
  /** The measurements of the last minute, oldest first. */
  history: ViewerStats[];
  problem: Error | null;
  /** The browser allows the picture only without sound, until the person asks for it. */
  soundBlocked: boolean;
  /** Sizes that can be chosen, once somebody asked. */
  layers: Layer[];
  /** The chosen one; null leaves it to the server. */
  layer: Layer | null;
}

const HISTORY = 60;
const INITIAL: Live = {
  link: "idle",
  flow: "none",
  history: [],
  problem: null,
  soundBlocked: false,
  layers: [],
  layer: null,
};

/** Connects while mounted; `retry` tries again at once. */
export function useLive(session: Pick<Session, "id" | "whepUrl">, video: HTMLVideoElement | null) {
  const queries = useQueryClient();
  const client = useRef<WhepClient | null>(null);
  const [live, setLive] = useState(INITIAL);
  const { id } = session;
  const endpoint = session.whepUrl ?? `/whep/${id}`;

  useEffect(() => {
    if (!video) return;
    const whep = new WhepClient({ endpoint, token: () => watchToken(id) });
    client.current = whep;
    const change = (part: Partial<Live>) => setLive((last) => ({ ...last, ...part }));
    whep.on("state", (link) => {
      change(link === "live" ? { link, problem: null } : { link });
      // A lost connection often is a class that has just ended: ask at once.
      if (link === "reconnecting") void queries.invalidateQueries({ queryKey: sessionQuery(id).queryKey });
    });
    whep.on("flow", (flow) => change({ flow }));
    whep.on("layers", (layers) => change({ layers }));
    whep.on("problem", (problem) => change({ problem }));
    whep.on("stats", (stats) => setLive((last) => ({ ...last, history: [...last.history.slice(1 - HISTORY), stats] })));
    whep.on("stream", async (stream) => {
      video.srcObject = stream;
      const outcome = await playAsAllowed(video);
      if (outcome !== "sound") change({ soundBlocked: true });
    });
    whep.start();
    return () => {
      client.current = null;
      video.srcObject = null;
      void whep.stop();
    };
  }, [video, id, endpoint, queries]);

  const retry = () => {
    client.current?.retryNow();
    client.current?.start();
  };
  const askForLayers = () => client.current?.askForLayers();
  const chooseLayer = (layer: Layer | null) => {
    setLive((last) => ({ ...last, layer }));
    const { rid, spatialLayerId } = layer ?? {};
    void client.current?.chooseLayer({
      ...(rid ? { rid } : {}),
      ...(spatialLayerId != null ? { maxSpatialLayerId: spatialLayerId } : {}),
    });
  };
  return { ...live, retry, askForLayers, chooseLayer };
}
