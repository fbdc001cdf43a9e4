/** Plays a class that is on the air. */
import { clsx } from "clsx";
import { RotateCcw } from "lucide-react";
import { type ReactNode, useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { LinkError } from "../../media/peer-link";
import { LiveBadge, ViewerCount } from "../../ui/badge";
import { Button } from "../../ui/button";
import { explain } from "../../ui/problem";
import { Controls, IconButton } from "./controls";
import { LiveQuality } from "./live-quality";
import { SoundButton } from "./sound-button";
import { Stage, StageNotice, type StageState } from "./stage";
import { StatsPanel } from "./stats-panel";
import { type Live, useLive } from "./use-live";
import { useVideo } from "./use-video";

interface LivePlayerProps {
  session: Session;
  /** Lies over the picture. */
  overlay?: ReactNode;
  /** Goes back in the class; not given where it is not recorded. */
  onRewind?: () => void;
  /** The server answers, and no packet gets through. */
  onNoPath?: () => void;
}

/** The player while the class is live. */
export function LivePlayer({ session, overlay, onRewind, onNoPath }: LivePlayerProps) {
  const { t } = useTranslation();
  const { attach, video, state: playback, actions } = useVideo();
  const live = useLive(session, video);
  const [showStats, setShowStats] = useState(false);
  const latest = live.history.at(-1);
  const soundOnly = Boolean(
    live.flow === "flowing" && !playback.hasPicture && latest && latest.audioBps > 0 && latest.videoBps === 0,
  );
  const state = stateOf(live, playback.hasPicture || soundOnly);
  const facts = { ...live, hasPicture: playback.hasPicture, delayed: false };
  const noPath = live.link !== "live" && live.problem instanceof LinkError && live.problem.kind === "no-path";
  const blocked = live.soundBlocked && playback.muted && state === "live";

  const onBlocked = useEffectEvent(() => onNoPath?.());

  useEffect(() => {
    if (noPath) onBlocked();
  }, [noPath]);

  return (
    <Stage state={state}>
      {/* biome-ignore lint/a11y/useMediaCaption: a live class has no captions to offer */}
      <video ref={attach} playsInline className="size-full object-contain" onClick={actions?.togglePlay} />
      {soundOnly ? <StageNotice title={t("watch.soundOnly")} /> : null}
      <LiveNotice
        state={state}
        live={live}
        onRetry={live.retry}
        onWhy={() => setShowStats(true)}
        veil={playback.hasPicture}
      />
      {blocked ? <SoundButton onPress={() => actions?.setMuted(false)} /> : null}
      {state === "live" ? (
        <div className="absolute top-3 left-3 z-10 flex items-center gap-2">
          <LiveBadge />
          <span className="rounded-full bg-black/60 px-2.5">
            <ViewerCount count={session.viewerCount} />
          </span>
        </div>
      ) : null}
      {overlay}
      {showStats ? <StatsPanel facts={facts} onClose={() => setShowStats(false)} /> : null}
      {actions && state !== "failed" ? (
        // Small screens have no room for both the bar and a message.
        <div className={clsx(state !== "live" && "max-sm:hidden")}>
          <Controls
            playback={playback}
            actions={actions}
            onToggleStats={() => setShowStats((shown) => !shown)}
            leading={
              onRewind ? (
                <IconButton label={t("watch.controls.rewind")} onClick={onRewind}>
                  <RotateCcw />
                </IconButton>
              ) : null
            }
            extras={
              <LiveQuality
                layers={live.layers}
                layer={live.layer}
                onOpen={live.askForLayers}
                onChoose={live.chooseLayer}
              />
            }
          />
        </div>
      ) : null}
    </Stage>
  );
}

/** Joins what the connection and the picture tell into one state. */
function stateOf({ link, flow }: Live, plays: boolean): StageState {
  if (link === "failed" || link === "reconnecting") return link;
  if (flow === "stalled") return "reconnecting";
  if (link !== "live") return "connecting";
  if (flow === "awaited") return "waiting";
  return plays ? "live" : "connecting";
}

interface LiveNoticeProps {
  state: StageState;
  live: Live;
  onRetry: () => void;
  /** Opens the panel that says what is wrong. */
  onWhy: () => void;
  veil: boolean;
}

function LiveNotice({ state, live, onRetry, onWhy, veil }: LiveNoticeProps) {
  const { t } = useTranslation();
  const why = live.problem ? explain(live.problem, t) : null;
  const retry = (
    <div className="mt-2 flex flex-wrap justify-center gap-2">
      <Button variant="secondary" size="small" onClick={onRetry}>
        {t("common.retry")}
      </Button>
      <Button variant="secondary" size="small" onClick={onWhy}>
        {t("diagnosis.why")}
      </Button>
    </div>
  );
  switch (state) {
    case "connecting":
      return (
        <StageNotice title={t("watch.connecting")} busy>
          {why ? (
            <>
              <p className="text-sm opacity-90">{`${why.title} ${why.hint}`}</p>
              {retry}
            </>
          ) : null}
        </StageNotice>
      );
    case "waiting":
      return (
        <StageNotice title={t("watch.noPicture.title")} busy>
          <p className="opacity-90">{t("watch.noPicture.text")}</p>
        </StageNotice>
      );
    case "reconnecting": {
      const ours = live.link === "reconnecting";
      return (
        <StageNotice title={ours ? t("watch.reconnecting.title") : t("watch.stalled.title")} busy veil={veil}>
          <p className="text-sm opacity-90 sm:text-base">
            {ours ? t("watch.reconnecting.text") : t("watch.stalled.text")}
          </p>
          {ours ? retry : null}
        </StageNotice>
      );
    }
    case "failed":
      return (
        <StageNotice title={t("watch.failed")}>
          {why ? <p className="opacity-90">{`${why.title} ${why.hint}`}</p> : null}
          {retry}
        </StageNotice>
      );
    default:
      return null;
  }
}
