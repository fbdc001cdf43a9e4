/** Publishes one MediaStream by WHIP (RFC 9725) and keeps it published. */
import { preferRecordable } from "./codecs";
import { Emitter } from "./emitter";
import { type LinkState, PeerLink } from "./peer-link";
import { startAt } from "./sdp";
import { PublisherMeter, type PublisherStats } from "./stats";

/** What a broadcaster hears from its client. */
export interface WhipEvents {
  state: LinkState;
  stats: PublisherStats;
  problem: Error;
}

/** Where to publish to, and what. */
export interface WhipOptions {
  endpoint: string;
  token: () => Promise<string | null>;
  /** At most one track of a kind; both may be exchanged later. */
  stream: MediaStream;
}

/** Enough for a sharp 720p at 30 frames a second; the estimator goes below it on a weaker line. */
const VIDEO_MAX_BPS = 2_500_000;
/** Transparent for speech and good for music in stereo. */
const AUDIO_MAX_BPS = 96_000;
const VIDEO_START_KBPS = 1_500;

/** Sends audio and video of one stream. */
export class WhipClient extends Emitter<WhipEvents> {
  readonly #link: PeerLink;
  #tracks: MediaStreamTrack[];
  #meter = new PublisherMeter();

  constructor({ endpoint, token, stream }: WhipOptions) {
    super();
    this.#tracks = stream.getTracks();
    this.#link = new PeerLink({
      endpoint,
      token,
      prepare: (peer) => this.#prepare(peer),
      shapeAnswer: (sdp) => startAt(VIDEO_START_KBPS, sdp),
      givesWay: true,
    });
    this.#link.on("state", (state) => this.emit("state", state));
    this.#link.on("problem", (problem) => this.emit("problem", problem));
    this.#link.on("report", (report) => this.emit("stats", this.#meter.measure(report)));
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** Publishes, and publishes again after every interruption, until `stop`. */
  start(): void {
    this.#link.start();
  }

  /** Ends the publication; the tracks stay alive, they are the caller's. */
  stop(): Promise<void> {
    return this.#link.stop();
  }

  /** Skips the wait before the next attempt. */
  retryNow(): void {
    this.#link.retryNow();
  }

  /** Sends `track` from now on in place of the one of its kind, without a new connection where there was one. */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    this.#tracks = [...this.#tracks.filter((old) => old.kind !== track.kind), track];
    const sender = this.#link.peer?.getSenders().find((candidate) => candidate.track?.kind === track.kind);
    await sender?.replaceTrack(track);
  }

  #prepare(peer: RTCPeerConnection): void {
    this.#meter = new PublisherMeter();
    const stream = new MediaStream(this.#tracks);
    for (const track of this.#tracks) {
      const maxBitrate = track.kind === "video" ? VIDEO_MAX_BPS : AUDIO_MAX_BPS;
      const transceiver = peer.addTransceiver(track, {
        direction: "sendonly",
        streams: [stream],
        sendEncodings: [{ maxBitrate }],
      });
      const codecs = track.kind === "video" ? RTCRtpSender.getCapabilities("video")?.codecs : undefined;
      if (codecs) transceiver.setCodecPreferences(preferRecordable(codecs));
    }
  }
}
