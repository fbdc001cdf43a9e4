/** Seconds that run down to zero. */
import { useEffect, useState } from "react";

/** `start` begins anew; `seconds` is what is left. */
export function useCountdown(): { seconds: number; start: (seconds: number) => void } {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (seconds === 0) return;
    const timer = setTimeout(() => setSeconds(seconds - 1), 1_000);
    return () => clearTimeout(timer);
  }, [seconds]);
  return { seconds, start: (from) => setSeconds(Math.max(0, Math.ceil(from))) };
}
