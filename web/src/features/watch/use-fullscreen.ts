/** Full screen for the player, with its own controls where the browser can. */
import { useEffect, useState } from "react";
import { useStageElement } from "./stage";

/** iPhones give full screen to the video alone, by this older name. */
interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

/** Whether the stage fills the screen, and the switch for it. */
export function useFullscreen(): { active: boolean; toggle: () => void } {
  const stage = useStageElement();
  const [active, setActive] = useState(false);

  useEffect(() => {
    const update = () => setActive(stage !== null && document.fullscreenElement === stage);
    document.addEventListener("fullscreenchange", update);
    return () => document.removeEventListener("fullscreenchange", update);
  }, [stage]);

  const toggle = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (stage?.requestFullscreen) void stage.requestFullscreen().catch(() => {});
    else stage?.querySelector<AppleVideo>("video")?.webkitEnterFullscreen?.();
  };
  return { active, toggle };
}
