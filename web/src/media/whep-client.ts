/** Plays one live stream by WHEP (draft-ietf-wish-whep) and keeps playing it. */
import { takeDescriptors } from "./descriptors";
import { Emitter } from "./emitter";
import { type Layer, LayerWatch } from "./layers";
import { type LinkState, PeerLink } from "./peer-link";
import { askForStereo } from "./sdp";
import { type LayerSelection, postLayer } from "./signal";
import { ViewerMeter, type ViewerStats } from "./stats";

/**
 * Whether media comes in, apart from the connection itself, which outlives a publisher:
 * - `none`: nothing yet, since a moment
 * - `awaited`: nothing for 2 s after connecting: nobody publishes
 * - `flowing`
 * - `stalled`: it came, but not in the last 3 s
 */
export type Flow = "none" | "awaited" | "flowing" | "stalled";

/** What a player hears from its client. */
export interface WhepEvents {
  state: LinkState;
  flow: Flow;
  /** Tracks to play; a new object after each reconnection. */
  stream: MediaStream;
  stats: ViewerStats;
  /** Sizes that can be chosen, after `askForLayers`. */
  layers: Layer[];
  problem: Error;
}

/** Where to play from. */
export interface WhepOptions {
  endpoint: string;
  token: () => Promise<string | null>;
}

/** Reports without a byte before media counts as awaited or stalled; one comes each second. */
const AWAITED_AFTER_REPORTS = 2;
const STALLED_AFTER_REPORTS = 3;

/** A page that is hidden for longer asks for the lowest layer: nobody looks, and somebody else may need the bytes. */
const HIDDEN_MS = 5_000;

/** Receives audio and video of one stream. */
export class WhepClient extends Emitter<WhepEvents> {
  readonly #link: PeerLink;
  #meter = new ViewerMeter();
  #flow: Flow = "none";
  #silentReports = 0;
  #wanted: LayerSelection = {};
  #isHidden = false;
  #asksForLayers = false;
  #layerWatch: LayerWatch | null = null;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: WhepOptions) {
    super();
    this.#link = new PeerLink({ ...options, prepare: (peer) => this.#prepare(peer), shapeOffer: askForStereo });
    this.#link.on("state", (state) => {
      // A new connection knows nothing of what was chosen before; the server's own choice needs no words.
      if (state === "live" && (this.#isHidden || Object.keys(this.#wanted).length > 0)) void this.#sendChoice();
      if (state === "live") this.#watchLayers();
      this.emit("state", state);
    });
    this.#link.on("problem", (problem) => this.emit("problem", problem));
    this.#link.on("report", (report) => this.#onReport(report));
  }

  get state(): LinkState {
    return this.#link.state;
  }

  get flow(): Flow {
    return this.#flow;
  }

  /** Connects and keeps connected until `stop`. */
  start(): void {
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#onVisibility();
    this.#link.start();
  }

  /** Leaves the stream. */
  stop(): Promise<void> {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#hiddenTimer);
    this.#layerWatch?.close();
    return this.#link.stop();
  }

  /** Begins to tell which sizes there are: it costs a request that stays open, so only who chooses asks. */
  askForLayers(): void {
    if (this.#asksForLayers) return;
    this.#asksForLayers = true;
    this.#watchLayers();
  }

  #watchLayers(): void {
    this.#layerWatch?.close();
    this.#layerWatch = null;
    const url = this.#link.resource?.resource.eventsUrl;
    if (this.#asksForLayers && url) this.#layerWatch = new LayerWatch(url, (layers) => this.emit("layers", layers));
  }

  /** Chooses a layer, over reconnections as well; `{}` leaves it to the server. False if it cannot be had now. */
  chooseLayer(selection: LayerSelection): Promise<boolean> {
    this.#wanted = selection;
    return this.#sendChoice();
  }

  /** Skips the wait before the next attempt. */
  retryNow(): void {
    this.#link.retryNow();
  }

  async #sendChoice(): Promise<boolean> {
    const there = this.#link.resource;
    const selection = this.#isHidden ? { lowest: true } : this.#wanted;
    return there ? postLayer(there.resource, selection, there.token) : false;
  }

  readonly #onVisibility = (): void => {
    clearTimeout(this.#hiddenTimer);
    if (document.visibilityState === "hidden") this.#hiddenTimer = setTimeout(() => this.#setHidden(true), HIDDEN_MS);
    else this.#setHidden(false);
  };

  #setHidden(isHidden: boolean): void {
    if (this.#isHidden === isHidden) return;
    this.#isHidden = isHidden;
    void this.#sendChoice();
  }

  #prepare(peer: RTCPeerConnection): void {
    this.#meter = new ViewerMeter();
    this.#silentReports = 0;
    this.#setFlow("none");
    const stream = new MediaStream();
    let announced = false;
    peer.addEventListener("track", ({ track }) => {
      stream.addTrack(track);
      // A received track is muted until its first packet: the earliest sign of life there is.
      track.addEventListener("unmute", () => this.#setFlow("flowing"));
      if (announced) return;
      announced = true;
      this.emit("stream", stream);
    });
    // Video first in the bundle, as players and servers commonly do; either may stay silent.
    takeDescriptors(peer.addTransceiver("video", { direction: "recvonly" }));
    peer.addTransceiver("audio", { direction: "recvonly" });
  }

  #onReport(report: RTCStatsReport): void {
    const stats = this.#meter.measure(report);
    const silent = stats.videoBps + stats.audioBps === 0;
    this.#silentReports = silent ? this.#silentReports + 1 : 0;
    // The first report has nothing to compare with and says nothing of rates.
    if (!silent) this.#setFlow("flowing");
    else if (this.#flow === "none" && this.#silentReports >= AWAITED_AFTER_REPORTS) this.#setFlow("awaited");
    else if (this.#flow === "flowing" && this.#silentReports >= STALLED_AFTER_REPORTS) this.#setFlow("stalled");
    this.emit("stats", stats);
  }

  #setFlow(flow: Flow): void {
    if (flow === "flowing") this.#silentReports = 0;
    if (this.#flow === flow) return;
    this.#flow = flow;
    this.emit("flow", flow);
  }
}
