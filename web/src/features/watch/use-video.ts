/** The state of a video element as React sees it, and what a person can do with it. */
import { useCallback, useEffect, useMemo, useState } from "react";
import { recall, remember } from "../../ui/storage";

/** What a video element is doing. Times in seconds. */
export interface VideoState {
  paused: boolean;
  muted: boolean;
  /** 0 to 1. */
  volume: number;
  time: number;
  duration: number;
  /** How far playback could go on without the network. */
  bufferedTo: number;
  /** Playing, but out of data. */
  starved: boolean;
  hasPicture: boolean;
}

const EVENTS = [
  "play",
  "pause",
  "volumechange",
  "timeupdate",
  "durationchange",
  "progress",
  "waiting",
  "playing",
  "seeking",
  "seeked",
  "loadeddata",
  "canplay",
  "emptied",
  "resize",
  "ended",
];

/** `readyState` from which there is a picture to show (HTML, section 4.8.11.7). */
const HAVE_CURRENT_DATA = 2;

const INITIAL: VideoState = {
  paused: true,
  muted: false,
  volume: 1,
  time: 0,
  duration: 0,
  bufferedTo: 0,
  starved: false,
  hasPicture: false,
};

/** Follows one video element; give `attach` to its `ref`. */
export function useVideo() {
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [state, setState] = useState(INITIAL);

  const attach = useCallback((element: HTMLVideoElement | null) => {
    if (element) {
      element.volume = Number(recall("volume") ?? 1);
      element.muted = recall("muted") === "yes";
    }
    setVideo(element);
  }, []);

  useEffect(() => {
    if (!video) return;
    const update = (event?: Event) => setState((last) => read(video, last, event?.type));
    update();
    for (const name of EVENTS) video.addEventListener(name, update);
    return () => {
      for (const name of EVENTS) video.removeEventListener(name, update);
    };
  }, [video]);

  const actions = useMemo(() => (video ? actionsOf(video) : null), [video]);
  return { attach, video, state, actions };
}

/** What a person can do with a video. */
export type VideoActions = ReturnType<typeof actionsOf>;

function actionsOf(video: HTMLVideoElement) {
  const setMuted = (muted: boolean) => {
    video.muted = muted;
    remember("muted", muted ? "yes" : null);
  };
  const setVolume = (volume: number) => {
    video.volume = Math.min(1, Math.max(0, volume));
    remember("volume", String(video.volume));
    setMuted(video.volume === 0);
  };
  return {
    togglePlay: () => {
      if (video.paused) void video.play().catch(() => {});
      else video.pause();
    },
    toggleMuted: () => setMuted(!video.muted),
    setMuted,
    setVolume,
    turnVolume: (by: number) => setVolume(video.volume + by),
    seek: (seconds: number) => {
      if (Number.isFinite(video.duration)) video.currentTime = Math.min(video.duration, Math.max(0, seconds));
    },
    skip: (by: number) => {
      if (Number.isFinite(video.duration)) {
        video.currentTime = Math.min(video.duration, Math.max(0, video.currentTime + by));
      }
    },
    togglePictureInPicture: () => {
      if (document.pictureInPictureElement) void document.exitPictureInPicture();
      else void video.requestPictureInPicture?.().catch(() => {});
    },
  };
}

function read(video: HTMLVideoElement, last: VideoState, event: string | undefined): VideoState {
  const buffered = video.buffered;
  const starved =
    event === "waiting" || event === "seeking"
      ? !video.paused
      : event === "playing" || event === "canplay" || event === "pause" || event === "emptied"
        ? false
        : last.starved;
  return {
    paused: video.paused,
    muted: video.muted || video.volume === 0,
    volume: video.volume,
    time: video.currentTime,
    duration: Number.isFinite(video.duration) ? video.duration : 0,
    bufferedTo: buffered.length > 0 ? buffered.end(buffered.length - 1) : 0,
    starved,
    hasPicture: video.readyState >= HAVE_CURRENT_DATA && video.videoWidth > 0,
  };
}
