/** Tells the server how much of a replay was really watched. */
import { useEffect } from "react";
import { tellWatched } from "../../api/sessions";
import { PlayClock } from "../../media/play-clock";

const EVERY_S = 15;

/** Counts while mounted; nothing for nobody. */
export function useWatched(sessionId: string | null, video: HTMLVideoElement | null): void {
  useEffect(() => {
    if (!sessionId || !video) return;
    const clock = new PlayClock(video, EVERY_S, (seconds) => tellWatched(sessionId, seconds));
    const leave = () => clock.stop();
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      clock.stop();
    };
  }, [sessionId, video]);
}
