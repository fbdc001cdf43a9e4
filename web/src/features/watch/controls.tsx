/** The bar of buttons over the picture; it hides while the picture plays and nobody moves. */
import { clsx } from "clsx";
import {
  Captions as CaptionsIcon,
  CaptionsOff,
  ChartNoAxesColumn,
  Maximize,
  Minimize,
  Pause,
  PictureInPicture2,
  Play,
  RotateCcw,
  RotateCw,
  Volume1,
  Volume2,
  VolumeX,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Slider } from "../../ui/slider";
import { clock } from "../../ui/time";
import { KeysHelp } from "./keys-help";
import { SeekBar } from "./seek-bar";
import { useFullscreen } from "./use-fullscreen";
import { useIdle } from "./use-idle";
import { useShortcuts } from "./use-shortcuts";
import type { VideoActions, VideoState } from "./use-video";

interface ControlsProps {
  playback: VideoState;
  actions: VideoActions;
  /** What can be moved through, with the address of its small pictures; a class that is watched as it happens has none. */
  timeline?: { storyboard: string | null };
  captions?: Captions;
  /** Buttons after the sound. */
  leading?: ReactNode;
  /** More buttons, on the right. */
  extras?: ReactNode;
  onToggleStats?: (() => void) | undefined;
}

interface Captions {
  exist: boolean;
  on: boolean;
  toggle: () => void;
}

const SKIP_S = 10;

/** Play, sound, position, and the ways to see it larger. */
export function Controls({ playback, actions, timeline, captions, leading, extras, onToggleStats }: ControlsProps) {
  const { t } = useTranslation();
  const fullscreen = useFullscreen();
  const idle = useIdle();
  const seekable = timeline !== undefined;
  const [showsKeys, setShowsKeys] = useState(false);
  useShortcuts({
    actions,
    seekable,
    onFullscreen: fullscreen.toggle,
    onStats: onToggleStats,
    onCaptions: captions?.exist ? captions.toggle : undefined,
    onHelp: () => setShowsKeys(true),
  });
  const hidden = idle && !playback.paused;

  return (
    <div
      className={clsx(
        "absolute inset-x-0 bottom-0 z-20 bg-linear-to-t from-black/85 to-black/0 px-2 pt-10 pb-1.5 sm:px-3 sm:pb-2.5",
        "transition-opacity duration-300 focus-within:opacity-100",
        hidden ? "pointer-events-none opacity-0" : "opacity-100",
      )}
    >
      {timeline ? <SeekBar playback={playback} actions={actions} storyboard={timeline.storyboard} /> : null}
      <div className="flex items-center gap-0.5 sm:gap-1">
        <IconButton
          label={playback.paused ? t("watch.controls.play") : t("watch.controls.pause")}
          onClick={actions.togglePlay}
        >
          {playback.paused ? <Play /> : <Pause />}
        </IconButton>
        {seekable ? (
          <>
            <IconButton label={t("watch.controls.back")} onClick={() => actions.skip(-SKIP_S)} roomy>
              <RotateCcw />
            </IconButton>
            <IconButton label={t("watch.controls.forward")} onClick={() => actions.skip(SKIP_S)} roomy>
              <RotateCw />
            </IconButton>
          </>
        ) : null}
        <Sound playback={playback} actions={actions} />
        {seekable ? (
          <span className="px-1 text-sm whitespace-nowrap tabular-nums sm:px-2">
            {clock(playback.time)} / {clock(playback.duration)}
          </span>
        ) : null}
        {leading}
        <div className="ml-auto flex items-center gap-0.5 sm:gap-1">
          <KeysHelp
            open={showsKeys}
            onOpenChange={setShowsKeys}
            seekable={seekable}
            captions={captions?.exist ?? false}
            stats={onToggleStats !== undefined}
          />
          {captions?.exist ? (
            <IconButton
              label={captions.on ? t("watch.controls.captionsOff") : t("watch.controls.captionsOn")}
              onClick={captions.toggle}
            >
              {captions.on ? <CaptionsIcon /> : <CaptionsOff />}
            </IconButton>
          ) : null}
          {extras}
          {onToggleStats ? (
            <IconButton label={t("watch.controls.stats")} onClick={onToggleStats}>
              <ChartNoAxesColumn />
            </IconButton>
          ) : null}
          {document.pictureInPictureEnabled ? (
            <IconButton label={t("watch.controls.pip")} onClick={actions.togglePictureInPicture}>
              <PictureInPicture2 />
            </IconButton>
          ) : null}
          <IconButton
            label={fullscreen.active ? t("watch.controls.exitFullscreen") : t("watch.controls.fullscreen")}
            onClick={fullscreen.toggle}
          >
            {fullscreen.active ? <Minimize /> : <Maximize />}
          </IconButton>
        </div>
      </div>
    </div>
  );
}

function Sound({ playback, actions }: { playback: VideoState; actions: VideoActions }) {
  const { t } = useTranslation();
  const Icon = playback.muted ? VolumeX : playback.volume < 0.5 ? Volume1 : Volume2;
  return (
    <>
      <IconButton
        label={playback.muted ? t("watch.controls.unmute") : t("watch.controls.mute")}
        onClick={actions.toggleMuted}
      >
        <Icon />
      </IconButton>
      <Slider
        label={t("watch.controls.volume")}
        value={playback.muted ? 0 : playback.volume}
        max={1}
        step={0.05}
        onChange={actions.setVolume}
        className="w-20 max-sm:hidden"
      />
    </>
  );
}

interface IconButtonProps {
  label: string;
  /** Left out on phones, where there is no room. */
  roomy?: boolean;
  onClick: () => void;
  children: ReactNode;
}

/** A round button over the picture. */
export function IconButton({ label, roomy = false, onClick, children }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      className={clsx(ICON, roomy && "max-sm:hidden")}
    >
      {children}
    </button>
  );
}

/** Classes of a round button over the picture. */
export const ICON =
  "inline-flex size-10 shrink-0 items-center justify-center rounded-full hover:bg-white/20 " +
  "focus-visible:outline-white [&_svg]:size-5.5";
