/** Plays the recording of a class that has ended. */
import { LoaderCircle, Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { Button } from "../../ui/button";
import { Controls } from "./controls";
import { SettingsMenu } from "./settings-menu";
import { Stage, StageNotice } from "./stage";
import { useReplay } from "./use-replay";
import { useVideo } from "./use-video";

/** The player of a replay. */
export function ReplayPlayer({ session }: { session: Session }) {
  const { t } = useTranslation();
  const { attach, video, state: playback, actions } = useVideo();
  const replay = useReplay(session, video);
  const [speed, setSpeed] = useState(1);
  const unstarted = playback.paused && playback.time === 0;

  function changeSpeed(next: number): void {
    setSpeed(next);
    if (video) video.playbackRate = next;
  }

  return (
    <Stage state={replay.fault ? "failed" : "replay"}>
      {/* biome-ignore lint/a11y/useMediaCaption: captions come with transcription */}
      <video
        ref={attach}
        playsInline
        preload="metadata"
        poster={session.thumbnailUrl ?? undefined}
        className="size-full object-contain"
        onClick={actions?.togglePlay}
      />
      {replay.fault ? (
        <StageNotice title={t(`watch.replayFault.${replay.fault}.title`)}>
          <p className="opacity-90">{t(`watch.replayFault.${replay.fault}.text`)}</p>
          <Button variant="secondary" size="small" className="mt-2" onClick={replay.retry}>
            {t("common.retry")}
          </Button>
        </StageNotice>
      ) : null}
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
      {playback.starved && !replay.fault ? (
        <LoaderCircle
          className="pointer-events-none absolute inset-0 z-10 m-auto size-12 animate-spin"
          aria-label={t("common.loading")}
        />
      ) : null}
      {actions && !replay.fault ? (
        <Controls
          playback={playback}
          actions={actions}
          seekable
          extras={
            <SettingsMenu
              renditions={replay.renditions}
              chosen={replay.chosen}
              onChoose={replay.choose}
              speed={speed}
              onSpeed={changeSpeed}
            />
          }
        />
      ) : null}
    </Stage>
  );
}
