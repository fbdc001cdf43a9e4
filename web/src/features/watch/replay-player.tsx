/** Plays the recording of a class that has ended, or of the catalogue. */
import { Play } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { playAsAllowed } from "../../media/autoplay";
import { Controls } from "./controls";
import { HlsNotices } from "./hls-notices";
import { SettingsMenu } from "./settings-menu";
import { Stage } from "./stage";
import { useCaptions } from "./use-captions";
import { type Place, useReplay } from "./use-replay";
import { useVideo } from "./use-video";
import { useWatched } from "./use-watched";

interface ReplayPlayerProps {
  playlist: string;
  poster: string | null | undefined;
  /** Address of the small pictures for the bar. */
  storyboard?: string | null;
  /** What it is coded in, where that is known. */
  recording?: Session["recording"];
  /** Goes on from there, instead of from the beginning when asked to. */
  from?: Place | null;
  /** The class whose playback is counted; nobody's is not. */
  countFor?: string | null;
}

/** The player of a replay. */
export function ReplayPlayer({
  playlist,
  poster,
  storyboard = null,
  recording,
  from,
  countFor = null,
}: ReplayPlayerProps) {
  const { t } = useTranslation();
  const { attach, video, state: playback, actions } = useVideo();
  const replay = useReplay(playlist, video, from?.time);
  const captions = useCaptions(video);
  useWatched(countFor, video);
  const [goesOn] = useState(from?.paused === false);
  useEffect(() => {
    if (!video || !goesOn) return;
    const begin = () => void playAsAllowed(video);
    video.addEventListener("loadedmetadata", begin, { once: true });
    return () => video.removeEventListener("loadedmetadata", begin);
  }, [video, goesOn]);
  const unstarted = playback.paused && playback.time === 0;

  return (
    <Stage state={replay.fault ? "failed" : "replay"}>
      {/* biome-ignore lint/a11y/useMediaCaption: the playlist brings them, where there are some */}
      <video
        ref={attach}
        playsInline
        preload="metadata"
        poster={poster ?? undefined}
        className="size-full object-contain"
        onClick={actions?.togglePlay}
      />
      <HlsNotices replay={replay} starved={playback.starved} recording={recording} />
      {unstarted && actions && !replay.fault ? (
        <button
          type="button"
          onClick={actions.togglePlay}
          className="absolute inset-0 z-10 m-auto flex size-18 items-center justify-center rounded-full bg-primary text-on-primary shadow-lift transition-transform hover:scale-105 focus-visible:outline-white"
          aria-label={t("streams.watchReplay")}
        >
          <Play className="size-8 translate-x-0.5 fill-current" aria-hidden="true" />
        </button>
      ) : null}
      {actions && !replay.fault ? (
        <Controls
          playback={playback}
          actions={actions}
          timeline={{ storyboard }}
          captions={captions}
          extras={<SettingsMenu quality={replay.quality} speed={replay.speed} />}
        />
      ) : null}
    </Stage>
  );
}
