/** Whether the machine may run out of power during the class. */
import { useEffect, useState } from "react";

/** What Chromium tells (Battery Status API); other browsers tell nothing. */
interface Battery extends EventTarget {
  charging: boolean;
  /** 0 to 1. */
  level: number;
}

/** Below this an hour of class is not sure any more. */
const LOW = 0.3;

/** The charge, 0 to 1, while it is low and not being charged; null otherwise. */
export function useLowBattery(): number | null {
  const [level, setLevel] = useState<number | null>(null);
  useEffect(() => {
    const ask = (navigator as { getBattery?: () => Promise<Battery> }).getBattery;
    let battery: Battery | null = null;
    let over = false;
    const look = () => setLevel(battery && !battery.charging && battery.level < LOW ? battery.level : null);
    void ask?.call(navigator).then((found) => {
      if (over) return;
      battery = found;
      for (const name of ["chargingchange", "levelchange"]) found.addEventListener(name, look);
      look();
    });
    return () => {
      over = true;
      for (const name of ["chargingchange", "levelchange"]) battery?.removeEventListener(name, look);
    };
  }, []);
  return level;
}
