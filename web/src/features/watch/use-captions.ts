/** Captions of a video, where it has any. */
import { useEffect, useState } from "react";

/** Whether there are some, whether they show, and the switch. */
export function useCaptions(video: HTMLVideoElement | null) {
  const [state, setState] = useState({ exist: false, on: false });

  useEffect(() => {
    const tracks = video?.textTracks;
    // Some browsers for tests have no text tracks at all.
    if (!tracks?.addEventListener) return;
    const update = () => {
      const captions = captionsOf(tracks);
      setState({ exist: captions.length > 0, on: captions.some((track) => track.mode === "showing") });
    };
    update();
    const events = ["addtrack", "removetrack", "change"];
    for (const name of events) tracks.addEventListener(name, update);
    return () => {
      for (const name of events) tracks.removeEventListener(name, update);
    };
  }, [video]);

  const toggle = () => {
    if (!video) return;
    const captions = captionsOf(video.textTracks);
    const on = captions.some((track) => track.mode === "showing");
    // The one in the reader's language, or the first.
    const language = document.documentElement.lang;
    const wanted = captions.find((track) => track.language.startsWith(language)) ?? captions[0];
    for (const track of captions) track.mode = !on && track === wanted ? "showing" : "disabled";
  };
  return { ...state, toggle };
}

function captionsOf(tracks: TextTrackList): TextTrack[] {
  return Array.from(tracks).filter((track) => track.kind === "captions" || track.kind === "subtitles");
}
