/** Turns the browser's cumulative WebRTC statistics into the few numbers a person wants to see. */

/** What a connection carries, in either direction; null where the browser does not (yet) say. */
interface Common {
  /** When this was measured, milliseconds since the epoch. */
  at: number;
  fps: number | null;
  width: number | null;
  height: number | null;
  /** Short names, for example `H264` and `opus`. */
  videoCodec: string | null;
  audioCodec: string | null;
  videoBps: number;
  audioBps: number;
  /** Share of packets lost since the last measurement, 0 to 1. */
  lossRatio: number | null;
  rttMs: number | null;
  /** `udp`, `tcp`, or null before a path is chosen. */
  transport: string | null;
}

/** What a viewer receives. */
export interface ViewerStats extends Common {
  /** Mean time a frame waited in the jitter buffer since the last measurement. */
  bufferMs: number | null;
  framesDecoded: number;
  framesDropped: number;
  /** Freezes since the connection was made, and their total length. */
  freezes: number;
  frozenMs: number;
}

/** What a publisher sends. */
export interface PublisherStats extends Common {
  /** What keeps the picture from being better: `none`, `cpu`, `bandwidth` or `other`. */
  limitedBy: string | null;
  /** The sender's own estimate of what the line can carry. */
  availableBps: number | null;
  /** Heights of the sizes that are sent now, largest first. */
  heights: number[];
}

/** Entries of a report that we read. The DOM types leave the values of a report open. */
type Entry =
  | (RTCInboundRtpStreamStats & { type: "inbound-rtp" })
  | (RTCOutboundRtpStreamStats & { type: "outbound-rtp"; qualityLimitationReason?: string })
  | (RTCStats & { type: "remote-inbound-rtp"; kind: string; fractionLost?: number; roundTripTime?: number })
  | (RTCIceCandidatePairStats & { type: "candidate-pair" })
  | (RTCTransportStats & { type: "transport" })
  | (RTCStats & { type: "local-candidate"; protocol?: string })
  | (RTCStats & { type: "codec"; mimeType: string });

type Of<Type extends Entry["type"]> = Extract<Entry, { type: Type }>;

/** Totals of the last measurement, from which the next one takes differences. */
interface Totals {
  at: number;
  videoBytes: number;
  audioBytes: number;
  packets: number;
  lost: number;
  bufferS: number;
  emitted: number;
}

/** Measures what a viewer receives. One instance per connection; each call covers the time since the one before. */
export class ViewerMeter {
  #last: Totals | null = null;

  measure(report: RTCStatsReport): ViewerStats {
    const view = new ReportView(report);
    const inbound = view.all("inbound-rtp");
    const video = inbound.find((entry) => entry.kind === "video");
    const audio = inbound.find((entry) => entry.kind === "audio");
    const now: Totals = {
      at: view.at,
      videoBytes: video?.bytesReceived ?? 0,
      audioBytes: audio?.bytesReceived ?? 0,
      packets: sum(inbound.map((entry) => entry.packetsReceived)),
      lost: sum(inbound.map((entry) => entry.packetsLost)),
      bufferS: video?.jitterBufferDelay ?? 0,
      emitted: video?.jitterBufferEmittedCount ?? 0,
    };
    const delta = difference(now, this.#last);
    this.#last = now;
    return {
      ...view.common(video, audio),
      videoBps: delta.videoBps,
      audioBps: delta.audioBps,
      lossRatio: delta.lossRatio,
      rttMs: view.rttMs(),
      bufferMs: delta.bufferMs,
      framesDecoded: video?.framesDecoded ?? 0,
      framesDropped: video?.framesDropped ?? 0,
      freezes: video?.freezeCount ?? 0,
      frozenMs: Math.round((video?.totalFreezesDuration ?? 0) * 1000),
    };
  }
}

/** Measures what a publisher sends. One instance per connection; each call covers the time since the one before. */
export class PublisherMeter {
  #last: Totals | null = null;

  measure(report: RTCStatsReport): PublisherStats {
    const view = new ReportView(report);
    const outbound = view.all("outbound-rtp");
    const layers = outbound.filter((entry) => entry.kind === "video");
    const audio = outbound.find((entry) => entry.kind === "audio");
    // With several layers the largest is what the publisher thinks of as "the picture".
    const video = layers.toSorted((a, b) => (b.frameWidth ?? 0) - (a.frameWidth ?? 0))[0];
    const now: Totals = {
      at: view.at,
      videoBytes: sum(layers.map((entry) => entry.bytesSent)),
      audioBytes: audio?.bytesSent ?? 0,
      packets: 0,
      lost: 0,
      bufferS: 0,
      emitted: 0,
    };
    const delta = difference(now, this.#last);
    this.#last = now;
    const told = view.all("remote-inbound-rtp");
    const losses = told.flatMap((entry) => entry.fractionLost ?? []);
    const rtts = told.flatMap((entry) => entry.roundTripTime ?? []);
    return {
      ...view.common(video, audio),
      videoBps: delta.videoBps,
      audioBps: delta.audioBps,
      lossRatio: losses.length > 0 ? Math.max(...losses) : null,
      rttMs: rtts.length > 0 ? Math.round(Math.max(...rtts) * 1000) : view.rttMs(),
      limitedBy: video?.qualityLimitationReason ?? null,
      availableBps: view.pair?.availableOutgoingBitrate ?? null,
      heights: layers
        .filter((entry) => (entry.framesPerSecond ?? 0) > 0)
        .flatMap((entry) => entry.frameHeight ?? [])
        .toSorted((a, b) => b - a),
    };
  }
}

/** Looks entries up in one report. */
class ReportView {
  readonly at = Date.now();
  readonly #entries: Entry[] = [];

  constructor(report: RTCStatsReport) {
    report.forEach((entry: Entry) => {
      this.#entries.push(entry);
    });
  }

  all<Type extends Entry["type"]>(type: Type): Of<Type>[] {
    return this.#entries.filter((entry): entry is Of<Type> => entry.type === type);
  }

  /** The path in use. Firefox has no `transport` entry but says `nominated`. */
  get pair(): Of<"candidate-pair"> | undefined {
    const chosen = this.all("transport")[0]?.selectedCandidatePairId;
    const pairs = this.all("candidate-pair");
    return pairs.find((pair) => pair.id === chosen) ?? pairs.find((pair) => pair.nominated);
  }

  rttMs(): number | null {
    const seconds = this.pair?.currentRoundTripTime;
    return seconds === undefined ? null : Math.round(seconds * 1000);
  }

  common(
    video: Of<"inbound-rtp"> | Of<"outbound-rtp"> | undefined,
    audio: Of<"inbound-rtp"> | Of<"outbound-rtp"> | undefined,
  ): Omit<Common, "videoBps" | "audioBps" | "lossRatio" | "rttMs"> {
    const local = this.all("local-candidate").find((candidate) => candidate.id === this.pair?.localCandidateId);
    return {
      at: this.at,
      fps: video?.framesPerSecond ?? null,
      width: video?.frameWidth ?? null,
      height: video?.frameHeight ?? null,
      videoCodec: this.#codec(video?.codecId),
      audioCodec: this.#codec(audio?.codecId),
      transport: local?.protocol ?? null,
    };
  }

  #codec(id: string | undefined): string | null {
    const codec = this.all("codec").find((entry) => entry.id === id);
    return codec?.mimeType.split("/")[1] ?? null;
  }
}

function difference(now: Totals, last: Totals | null) {
  const seconds = last ? (now.at - last.at) / 1000 : 0;
  if (!last || seconds <= 0) return { videoBps: 0, audioBps: 0, lossRatio: null, bufferMs: null };
  const lost = Math.max(0, now.lost - last.lost);
  const expected = lost + Math.max(0, now.packets - last.packets);
  const emitted = now.emitted - last.emitted;
  return {
    videoBps: rate(now.videoBytes - last.videoBytes, seconds),
    audioBps: rate(now.audioBytes - last.audioBytes, seconds),
    lossRatio: expected > 0 ? lost / expected : null,
    bufferMs: emitted > 0 ? Math.round(((now.bufferS - last.bufferS) / emitted) * 1000) : null,
  };
}

function rate(bytes: number, seconds: number): number {
  return Math.max(0, Math.round((bytes * 8) / seconds));
}

function sum(values: (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
