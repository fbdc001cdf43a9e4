/** Plays a class that is on the air by HLS: some seconds late, and back to its beginning. */
import { Radio } from "lucide-react";
import { type ReactNode, useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { playlistOf, storyboardOf } from "../../api/sessions";
import type { Session } from "../../api/types";
import { playAsAllowed } from "../../media/autoplay";
import type { Facts } from "../../media/diagnosis";
import { NEWEST } from "../../media/replay-engine";
import { LiveBadge, ViewerCount } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Controls } from "./controls";
import { HlsNotices } from "./hls-notices";
import { SettingsMenu } from "./settings-menu";
import { SoundButton } from "./sound-button";
import { Stage } from "./stage";
import { StatsPanel } from "./stats-panel";
import { useCaptions } from "./use-captions";
import { type Place, useReplay } from "./use-replay";
import { useVideo } from "./use-video";

interface DelayedPlayerProps {
  session: Session;
  /** The viewer went back; otherwise the direct connection does not work. */
  rewound: boolean;
  overlay: ReactNode;
  /** Back to the picture as it happens. */
  onDirect: () => void;
  /** Where the viewer is, again and again. */
  onMove: (place: Place) => void;
}

/** Who goes back lands this far behind the newest picture. */
const REWOUND_S = 30;
/** Nearer than this to the newest picture, the badge is red. */
const NEAR_S = 20;

/** The player of what was just now. */
export function DelayedPlayer({ session, rewound, overlay, onDirect, onMove }: DelayedPlayerProps) {
  const { t } = useTranslation();
  const { attach, video, state: playback, actions } = useVideo();
  const replay = useReplay(playlistOf(session), video, NEWEST);
  const captions = useCaptions(video);
  const [soundBlocked, setSoundBlocked] = useState(false);
  const [showStats, setShowStats] = useState(false);

  useEffect(() => {
    if (!video) return;
    const begin = async () => {
      if (rewound) video.currentTime = Math.max(0, video.duration - REWOUND_S);
      setSoundBlocked((await playAsAllowed(video)) !== "sound");
    };
    video.addEventListener("loadedmetadata", begin, { once: true });
    return () => video.removeEventListener("loadedmetadata", begin);
  }, [video, rewound]);

  const { time, paused } = playback;
  const moved = useEffectEvent(onMove);
  useEffect(() => {
    if (time > 0) moved({ time, paused });
  }, [time, paused]);

  const behind = Math.max(0, playback.duration - playback.time);
  return (
    <Stage state={replay.fault ? "failed" : "delayed"}>
      {/* biome-ignore lint/a11y/useMediaCaption: the playlist brings them, where there are some */}
      <video ref={attach} playsInline className="size-full object-contain" onClick={actions?.togglePlay} />
      <HlsNotices replay={replay} starved={playback.starved} recording={session.recording} />
      {soundBlocked && playback.muted && actions ? <SoundButton onPress={() => actions.setMuted(false)} /> : null}
      {overlay}
      <div className="absolute top-3 left-3 z-10 flex max-w-[calc(100%-1.5rem)] flex-wrap items-center gap-2">
        {behind < NEAR_S ? <LiveBadge /> : null}
        <span className="rounded-full bg-black/60 px-2.5">
          <ViewerCount count={session.viewerCount} />
        </span>
        {rewound ? null : (
          <p role="status" className="flex flex-wrap items-center gap-2 rounded-lg bg-black/75 px-3 py-1.5 text-sm">
            {t("watch.delayed.text")}
            <Button size="small" variant="secondary" onClick={onDirect}>
              {t("watch.delayed.retry")}
            </Button>
          </p>
        )}
      </div>
      {showStats ? <StatsPanel facts={DELAYED} onClose={() => setShowStats(false)} /> : null}
      {actions && !replay.fault ? (
        <Controls
          playback={playback}
          actions={actions}
          timeline={{ storyboard: storyboardOf(session) }}
          captions={captions}
          leading={
            rewound ? (
              <Button size="small" variant="danger" onClick={onDirect}>
                <Radio aria-hidden="true" />
                {t("watch.toLive")}
              </Button>
            ) : null
          }
          extras={<SettingsMenu quality={replay.quality} speed={replay.speed} />}
          {...(rewound ? {} : { onToggleStats: () => setShowStats((shown) => !shown) })}
        />
      ) : null}
      {replay.fault ? (
        <Button
          size="small"
          variant="secondary"
          className="absolute bottom-4 left-1/2 z-20 -translate-x-1/2"
          onClick={onDirect}
        >
          <Radio aria-hidden="true" />
          {t("watch.toLive")}
        </Button>
      ) : null}
    </Stage>
  );
}

/** There is no connection to measure. */
const DELAYED: Facts = { link: "idle", flow: "none", problem: null, history: [], hasPicture: true, delayed: true };
