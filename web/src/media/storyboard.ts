/** Small pictures along a recording, for scrubbing: WebVTT whose cues name a part of a picture (Media Fragments `xywh`). */

/** What to show at a time: a rectangle of a picture, in its pixels. */
export interface Tile {
  /** Seconds, inclusive and exclusive. */
  from: number;
  to: number;
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const CUE = /^(?:(\d+):)?(\d\d):(\d\d)\.(\d{3}) --> (?:(\d+):)?(\d\d):(\d\d)\.(\d{3})/;

/** Reads the cues that name a tile; addresses are relative to `base`. What is no such cue is left out. */
export function parseStoryboard(vtt: string, base: string): Tile[] {
  const tiles: Tile[] = [];
  for (const block of vtt.split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/);
    const at = lines.findIndex((line) => line.includes("-->"));
    const times = CUE.exec(lines[at] ?? "");
    const target = /^(.+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/.exec(lines[at + 1]?.trim() ?? "");
    if (!times || !target) continue;
    const [url = "", ...place] = target.slice(1);
    const [x = 0, y = 0, width = 0, height = 0] = place.map(Number);
    if (width === 0 || height === 0) continue;
    const [from, to] = [seconds(times.slice(1, 5)), seconds(times.slice(5, 9))];
    tiles.push({ from, to, url: new URL(url, base).href, x, y, width, height });
  }
  return tiles;
}

/** The tile of a time, if there is one. */
export function tileAt(tiles: Tile[], time: number): Tile | undefined {
  return tiles.find((tile) => time >= tile.from && time < tile.to);
}

function seconds([hours = "0", minutes = "0", whole = "0", thousandths = "0"]: (string | undefined)[]): number {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(whole) + Number(thousandths) / 1000;
}
