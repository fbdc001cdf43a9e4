/** Plays a recording into a video element. */
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { AUTOMATIC, type Rendition, ReplayEngine, type ReplayEvents } from "../../media/replay-engine";

/** What is known of the recording. */
interface Replay {
  renditions: Rendition[];
  /** Index of the chosen rendition, or `AUTOMATIC`. */
  chosen: number;
  speed: number;
  fault: ReplayEvents["fault"] | null;
}

/** How far somebody is in a recording, seconds, and whether it stands still. */
export interface Place {
  time: number;
  paused: boolean;
}

const INITIAL: Replay = { renditions: [], chosen: AUTOMATIC, speed: 1, fault: null };

/** Loads while mounted, from the beginning if not told otherwise. */
export function useReplay(playlist: string, video: HTMLVideoElement | null, startAt = 0) {
  const { t } = useTranslation();
  const engine = useRef<ReplayEngine | null>(null);
  const [replay, setReplay] = useState(INITIAL);
  const [attempt, setAttempt] = useState(0);
  const position = useRef(startAt);

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

  const { renditions, chosen, speed, fault } = replay;
  const choices = [
    { value: String(AUTOMATIC), label: t("watch.controls.automatic") },
    ...renditions.map(({ index, height }) => ({ value: String(index), label: `${height}p` })),
  ];
  return {
    fault,
    quality: {
      choices: renditions.length > 1 ? choices : choices.slice(0, 1),
      value: String(chosen),
      onChange: (value: string) => {
        engine.current?.choose(Number(value));
        setReplay((last) => ({ ...last, chosen: Number(value) }));
      },
    },
    speed: {
      value: speed,
      onChange: (value: number) => {
        engine.current?.setSpeed(value);
        setReplay((last) => ({ ...last, speed: value }));
      },
    },
    retry: () => setAttempt((last) => last + 1),
  };
}
