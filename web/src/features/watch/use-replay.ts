/** Plays a recording into a video element. */
import { useEffect, useRef, useState } from "react";
import type { Session } from "../../api/types";
import { AUTOMATIC, type Rendition, ReplayEngine, type ReplayEvents } from "../../media/replay-engine";

/** What is known of the recording. */
interface Replay {
  renditions: Rendition[];
  /** Index of the chosen rendition, or `AUTOMATIC`. */
  chosen: number;
  fault: ReplayEvents["fault"] | null;
}

const INITIAL: Replay = { renditions: [], chosen: AUTOMATIC, fault: null };

/** Loads while mounted. */
export function useReplay(session: Pick<Session, "id" | "hlsUrl">, video: HTMLVideoElement | null) {
  const engine = useRef<ReplayEngine | null>(null);
  const [replay, setReplay] = useState(INITIAL);
  const [attempt, setAttempt] = useState(0);
  const position = useRef(0);
  const playlist = session.hlsUrl ?? `/api/live/sessions/${session.id}/hls/master.m3u8`;

  useEffect(() => {
    if (!video) return;
    const replayEngine = new ReplayEngine();
    engine.current = replayEngine;
    setReplay(INITIAL);
    replayEngine.on("renditions", (renditions) => setReplay((last) => ({ ...last, renditions })));
    replayEngine.on("fault", (fault) => {
      position.current = video.currentTime;
      // Signatures of segments expire while somebody pauses for long: load them anew, once.
      if (fault === "access" && attempt === 0 && video.currentTime > 0) setAttempt(1);
      else setReplay((last) => ({ ...last, fault }));
    });
    void replayEngine.attach(video, playlist, position.current);
    return () => {
      engine.current = null;
      replayEngine.destroy();
    };
  }, [video, playlist, attempt]);

  return {
    ...replay,
    choose: (index: number) => {
      engine.current?.choose(index);
      setReplay((last) => ({ ...last, chosen: index }));
    },
    retry: () => setAttempt((last) => last + 1),
  };
}
