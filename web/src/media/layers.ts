/** Which sizes of its picture a live stream has (WHEP server-sent events, `layers`). */

/** One size that a viewer can choose. */
export interface Layer {
  /** A simulcast encoding. */
  rid: string;
  /** A spatial layer of it, where it has such. */
  spatialLayerId: number | null;
  height: number | null;
  bps: number;
}

/** Follows the layers of one connection until `close`. */
export class LayerWatch {
  readonly #source: EventSource;

  constructor(url: string, onLayers: (layers: Layer[]) => void) {
    this.#source = new EventSource(url);
    this.#source.addEventListener("layers", ({ data }: MessageEvent<string>) => onLayers(parseLayers(data)));
  }

  close(): void {
    this.#source.close();
  }
}

/** Reads the event: an object of lists, by section. Sizes that nobody sends now are left out; best first. */
export function parseLayers(data: string): Layer[] {
  let sections: unknown;
  try {
    sections = JSON.parse(data);
  } catch {
    return [];
  }
  const best = new Map<string, Layer>();
  for (const entry of Object.values(sections ?? {}).flat()) {
    const layer = toLayer(entry);
    if (!layer) continue;
    // Temporal layers of one size are one choice.
    const key = `${layer.rid}/${layer.spatialLayerId}`;
    if ((best.get(key)?.bps ?? 0) < layer.bps) best.set(key, layer);
  }
  return [...best.values()].toSorted((a, b) => (b.height ?? 0) - (a.height ?? 0) || b.bps - a.bps);
}

function toLayer(entry: unknown): Layer | null {
  if (typeof entry !== "object" || entry === null) return null;
  const { rid, spatialLayerId, height, bitrate } = entry as Record<string, unknown>;
  if (typeof rid !== "string" || typeof bitrate !== "number") return null;
  return {
    rid,
    spatialLayerId: typeof spatialLayerId === "number" ? spatialLayerId : null,
    height: typeof height === "number" ? height : null,
    bps: bitrate,
  };
}
