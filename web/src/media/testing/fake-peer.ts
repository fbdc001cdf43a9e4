/** Stand-ins for the browser's WebRTC, for tests: they do nothing until told. */
import { vi } from "vitest";

/** A connection whose state the test decides. */
export class FakePeer extends EventTarget {
  /** All that were made, in order. */
  static readonly made: FakePeer[] = [];
  /** As a browser that cannot send several sizes. */
  static refusesSimulcast = false;

  connectionState: RTCPeerConnectionState = "new";
  closed = false;
  local: RTCSessionDescriptionInit | null = null;
  remote: RTCSessionDescriptionInit | null = null;
  readonly added: { kind: string; init: RTCRtpTransceiverInit | undefined }[] = [];
  readonly preferences: string[][] = [];
  /** Offers made so far; more than one when the ICE session was restarted. */
  offers = 0;
  readonly transport = Object.assign(new EventTarget(), { state: "connected" });
  readonly senders: { track: FakeTrack; replaceTrack: (track: FakeTrack) => Promise<void> }[] = [];
  report: Map<string, object> = new Map();

  constructor() {
    super();
    FakePeer.made.push(this);
  }

  static get last(): FakePeer {
    const peer = FakePeer.made.at(-1);
    if (!peer) throw new Error("no connection was made");
    return peer;
  }

  addTransceiver(trackOrKind: FakeTrack | string, init?: RTCRtpTransceiverInit) {
    const kind = typeof trackOrKind === "string" ? trackOrKind : trackOrKind.kind;
    if (FakePeer.refusesSimulcast && (init?.sendEncodings?.length ?? 0) > 1) throw new TypeError("no simulcast");
    this.added.push({ kind, init });
    if (typeof trackOrKind !== "string") {
      const sender = {
        track: trackOrKind,
        replaceTrack: async (track: FakeTrack) => {
          sender.track = track;
        },
      };
      this.senders.push(sender);
    }
    return {
      setCodecPreferences: (codecs: { mimeType: string }[]) =>
        this.preferences.push(codecs.map((codec) => codec.mimeType)),
    };
  }

  getSenders() {
    return this.senders;
  }

  getTransceivers() {
    return [{ sender: { transport: this.transport } }];
  }

  async createOffer() {
    this.offers += 1;
    const credentials = `a=ice-ufrag:offer${this.offers}\r\na=ice-pwd:secret${this.offers}\r\n`;
    return { type: "offer", sdp: `v=0\r\n${credentials}a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n` };
  }

  async setLocalDescription(description: RTCSessionDescriptionInit) {
    this.local = description;
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit) {
    this.remote = description;
  }

  restartIce() {}

  async getStats() {
    return this.report;
  }

  close() {
    this.closed = true;
    this.connectionState = "closed";
  }

  /** What the network does to the connection. */
  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  /** The server says goodbye by DTLS. */
  closeByServer(): void {
    this.transport.state = "closed";
    this.transport.dispatchEvent(new Event("statechange"));
  }

  /** A track of the answer arrives. */
  receive(track: FakeTrack): void {
    this.dispatchEvent(Object.assign(new Event("track"), { track }));
  }
}

/** A track that is only a name. */
export class FakeTrack extends EventTarget {
  readonly kind: string;
  readonly width: number;

  constructor(kind: string, width = 1280) {
    super();
    this.kind = kind;
    this.width = width;
  }

  getSettings(): MediaTrackSettings {
    return { width: this.width };
  }
}

/** A stream of fake tracks. */
export class FakeStream {
  readonly tracks: FakeTrack[];

  constructor(tracks: FakeTrack[] = []) {
    this.tracks = [...tracks];
  }

  addTrack(track: FakeTrack): void {
    this.tracks.push(track);
  }

  getTracks(): FakeTrack[] {
    return this.tracks;
  }
}

/** One request that the code under test made. */
export interface Sent {
  method: string;
  url: string;
  authorization: string | null;
  body: string;
  keepalive: boolean;
}

/** Puts the fakes in place of the browser's own and answers every POST with 201, until told otherwise. */
export function installFakes() {
  FakePeer.made.length = 0;
  FakePeer.refusesSimulcast = false;
  const sent: Sent[] = [];
  const respond = vi.fn((request: Sent): Response | Promise<Response> => {
    if (request.method === "DELETE") return new Response(null, { status: 200 });
    if (request.method === "PATCH") return new Response(null, { status: 405 });
    if (request.url.endsWith("/layer")) return new Response(null, { status: 200 });
    const made = sent.filter((one) => one.method === "POST" && !one.url.endsWith("/layer")).length;
    return answer(made);
  });
  vi.stubGlobal("RTCPeerConnection", FakePeer);
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("RTCRtpSender", {
    getCapabilities: () => ({ codecs: [{ mimeType: "video/VP8" }, { mimeType: "video/H264" }] }),
  });
  vi.stubGlobal("fetch", async (target: string | Request, init: RequestInit = {}) => {
    const { method, url, headers } = typeof target === "string" ? { url: target, ...init } : target;
    const request: Sent = {
      method: method ?? "GET",
      url,
      authorization: new Headers(headers).get("Authorization"),
      body: typeof init.body === "string" ? init.body : "",
      keepalive: init.keepalive ?? false,
    };
    sent.push(request);
    return respond(request);
  });
  return { sent, respond };
}

/** A 201 for the `n`th POST. */
export function answer(n: number): Response {
  return new Response("v=0\r\n", {
    status: 201,
    headers: {
      "Content-Type": "application/sdp",
      Location: `/whep/class/peer${n}`,
      ETag: `"e${n}"`,
      Link:
        `<stun:stun.example.org>; rel="ice-server", ` +
        `</whep/class/peer${n}/sse>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="active,layers", ` +
        `</whep/class/peer${n}/layer>; rel="urn:ietf:params:whep:ext:core:layer"`,
    },
  });
}

/** Lets promises that are due settle, without any time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
