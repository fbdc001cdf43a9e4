/** Keeps the screen, and with it the camera, from going to sleep. */
import { useEffect } from "react";

/** Holds a wake lock while `wanted`; browsers take it away from hidden tabs, so it is asked for again. */
export function useWakeLock(wanted: boolean): void {
  useEffect(() => {
    if (!wanted || !navigator.wakeLock) return;
    let lock: WakeLockSentinel | null = null;
    let over = false;
    const ask = async () => {
      if (document.visibilityState !== "visible") return;
      // Refused on a low battery: the class goes on without.
      const granted = await navigator.wakeLock.request("screen").catch(() => null);
      if (over) void granted?.release();
      else lock = granted;
    };
    void ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, [wanted]);
}
