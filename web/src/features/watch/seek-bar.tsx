/** The bar by which one moves through a recording, with a small picture of where the pointer is. */
import { type PointerEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Tile, tileAt } from "../../media/storyboard";
import { Slider } from "../../ui/slider";
import { clock } from "../../ui/time";
import { useStoryboard } from "./use-storyboard";
import type { VideoActions, VideoState } from "./use-video";

interface SeekBarProps {
  playback: VideoState;
  actions: VideoActions;
  /** Address of the small pictures. */
  storyboard: string | null;
}

/** Goes from the beginning to the end, or to the newest picture of a class that is live. */
export function SeekBar({ playback, actions, storyboard }: SeekBarProps) {
  const { t } = useTranslation();
  /** Share of the bar's width under the pointer. */
  const [pointed, setPointed] = useState<number | null>(null);
  const [everPointed, setEverPointed] = useState(false);
  const tiles = useStoryboard(storyboard, everPointed);
  const length = Math.max(playback.duration, 0.1);

  function point(event: PointerEvent<HTMLDivElement>): void {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setPointed(Math.min(1, Math.max(0, (event.clientX - left) / width)));
    setEverPointed(true);
  }

  return (
    <div className="relative mx-1.5" onPointerMove={point} onPointerLeave={() => setPointed(null)}>
      {pointed === null ? null : (
        <Preview share={pointed} time={pointed * length} tile={tileAt(tiles, pointed * length)} />
      )}
      <Slider
        label={t("watch.controls.position")}
        valueText={t("watch.controls.positionText", { at: clock(playback.time), of: clock(playback.duration) })}
        value={playback.time}
        max={length}
        step={1}
        secondary={playback.bufferedTo}
        onChange={actions.seek}
      />
    </div>
  );
}

/** Widest on screen; sprites may be larger. */
const WIDTH_PX = 160;

function Preview({ share, time, tile }: { share: number; time: number; tile: Tile | undefined }) {
  const scale = tile ? WIDTH_PX / tile.width : 1;
  return (
    <div
      aria-hidden="true"
      data-preview={tile ? "picture" : "time"}
      className="pointer-events-none absolute bottom-6 flex -translate-x-1/2 flex-col items-center gap-1"
      // Never over the edge of the stage.
      style={{ left: `clamp(${WIDTH_PX / 2}px, ${share * 100}%, calc(100% - ${WIDTH_PX / 2}px))` }}
    >
      {tile ? (
        <div
          className="overflow-hidden rounded-lg border-2 border-white bg-black"
          style={{ width: WIDTH_PX, height: tile.height * scale }}
        >
          <div
            className="origin-top-left"
            style={{
              width: tile.width,
              height: tile.height,
              transform: `scale(${scale})`,
              background: `url("${tile.url}") -${tile.x}px -${tile.y}px`,
            }}
          />
        </div>
      ) : null}
      <span className="rounded bg-black/80 px-1.5 text-xs tabular-nums">{clock(time)}</span>
    </div>
  );
}
