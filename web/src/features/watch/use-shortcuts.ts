/** Keys that work anywhere on the watch page, except where somebody types. */
import { useEffect, useEffectEvent } from "react";
import type { VideoActions } from "./use-video";

interface Shortcuts {
  actions: VideoActions;
  seekable: boolean;
  onFullscreen: () => void;
  onStats: (() => void) | undefined;
  onCaptions: (() => void) | undefined;
  onHelp: () => void;
}

const SEEK_S = 5;
const VOLUME_STEP = 0.1;

/** Space or K plays, M mutes, F full screen, P picture in picture, C captions, I statistics, arrows seek and volume, ? tells of them. */
export function useShortcuts({ actions, seekable, onFullscreen, onStats, onCaptions, onHelp }: Shortcuts): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    const deed = deedOf(event.key);
    if (!deed) return;
    event.preventDefault();
    deed();
  });

  function deedOf(key: string): (() => void) | undefined {
    switch (key.toLowerCase()) {
      case " ":
      case "k":
        return actions.togglePlay;
      case "m":
        return actions.toggleMuted;
      case "f":
        return onFullscreen;
      case "p":
        return actions.togglePictureInPicture;
      case "i":
        return onStats;
      case "c":
        return onCaptions;
      case "arrowleft":
        return seekable ? () => actions.skip(-SEEK_S) : undefined;
      case "arrowright":
        return seekable ? () => actions.skip(SEEK_S) : undefined;
      case "arrowup":
        return () => actions.turnVolume(VOLUME_STEP);
      case "arrowdown":
        return () => actions.turnVolume(-VOLUME_STEP);
      case "?":
        return onHelp;
      default:
        return undefined;
    }
  }

  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}

/** What uses letters or arrows itself. */
const OWN_KEYS =
  "input, textarea, select, [contenteditable], [role=menu], [role=slider], [role=tab], [role=log], [role=dialog], [role=alertdialog]";

/** Whether the key belongs to the control that has the focus. */
function typing(event: KeyboardEvent): boolean {
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest(OWN_KEYS)) return true;
  return event.key === " " && target.closest("button, a, summary") !== null;
}
