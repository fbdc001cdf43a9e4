/** Publishes one MediaStream by WHIP (RFC 9725) and keeps it published. */
import { preferRecordable } from "./codecs";
import { Emitter } from "./emitter";
import { simulcast, single } from "./encodings";
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

  /**
   * Sends `track` from now on in place of the one of its kind, without a new connection. Where there was none of its
   * kind, the connection is made anew: the server must be told of another track.
   */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    this.#tracks = [...this.#tracks.filter((old) => old.kind !== track.kind), track];
    const peer = this.#link.peer;
    if (!peer) return;
    const sender = peer.getSenders().find((candidate) => candidate.track?.kind === track.kind);
    if (sender) await sender.replaceTrack(track);
    else this.#link.renew();
  }

  #prepare(peer: RTCPeerConnection): void {
    this.#meter = new PublisherMeter();
    const stream = new MediaStream(this.#tracks);
    for (const track of this.#tracks) {
      if (track.kind === "video") addVideo(peer, track, stream);
      else addTrack(peer, track, stream, [{ maxBitrate: AUDIO_MAX_BPS }]);
    }
  }
}

function addVideo(peer: RTCPeerConnection, track: MediaStreamTrack, stream: MediaStream): void {
  const codecs = preferRecordable(RTCRtpSender.getCapabilities("video")?.codecs ?? []);
  const encodings = simulcast(track.getSettings().width ?? 0, codecs[0]?.mimeType);
  let transceiver: RTCRtpTransceiver;
  try {
    transceiver = addTrack(peer, track, stream, encodings);
  } catch {
    // The browser knows no simulcast, or not of this kind: one size for everybody.
    transceiver = addTrack(peer, track, stream, single());
  }
  if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
}

function addTrack(
  peer: RTCPeerConnection,
  track: MediaStreamTrack,
  stream: MediaStream,
  sendEncodings: RTCRtpEncodingParameters[],
): RTCRtpTransceiver {
  return peer.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings });
}
