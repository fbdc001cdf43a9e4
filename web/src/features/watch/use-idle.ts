/** Notices when nobody has touched the player for a while. */
import { useEffect, useState } from "react";
import { useStageElement } from "./stage";

const IDLE_AFTER_MS = 3_000;

/** True after three seconds without a pointer or a key over the stage. */
export function useIdle(): boolean {
  const stage = useStageElement();
  const [idle, setIdle] = useState(false);

  useEffect(() => {
    if (!stage) return;
    let timer = setTimeout(() => setIdle(true), IDLE_AFTER_MS);
    const wake = () => {
      setIdle(false);
      clearTimeout(timer);
      timer = setTimeout(() => setIdle(true), IDLE_AFTER_MS);
    };
    const events = ["pointermove", "pointerdown", "keydown"] as const;
    for (const name of events) stage.addEventListener(name, wake);
    return () => {
      clearTimeout(timer);
      for (const name of events) stage.removeEventListener(name, wake);
    };
  }, [stage]);

  return idle;
}
