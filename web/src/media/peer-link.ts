/**
 * One WebRTC connection that a person can rely on: it is made by a single HTTP POST, watched, made anew when it breaks,
 * and deleted at the end. WHIP and WHEP differ only in what they put into it.
 */
import { Backoff } from "./backoff";
import { Emitter } from "./emitter";
import { restartedAnswer, restartFragment } from "./sdp";
import { deleteResource, patchRestart, postOffer, type Resource, SignalError } from "./signal";

/**
 * - `idle`: not started, or stopped
 * - `connecting`: trying for the first time
 * - `live`: connected
 * - `reconnecting`: was connected, trying again
 * - `failed`: the server's refusal is final; only a person can help
 */
export type LinkState = "idle" | "connecting" | "live" | "reconnecting" | "failed";

/** A connection broke or did not come about, for no fault that the server told. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  /**
   * - `no-path`: the server answered, yet no packet gets through; a firewall, most often
   * - `interrupted`: it worked and works no more
   * - `closed`: the server said goodbye
   * - `replaced`: another publisher keeps taking our place; not tried again
   */
  readonly kind: "no-path" | "interrupted" | "closed" | "replaced";

  constructor(kind: LinkError["kind"]) {
    super(`connection: ${kind}`);
    this.kind = kind;
  }
}

/** What a link tells. */
export interface LinkEvents {
  state: LinkState;
  /** Why the last attempt did not work; tried again unless the state is `failed`. */
  problem: Error;
  /** A fresh report, once a second while there is a connection. */
  report: RTCStatsReport;
}

/** What makes a link a publisher's or a viewer's. */
export interface LinkOptions {
  /** WHIP or WHEP URL, absolute or relative to the page. */
  endpoint: string;
  /** A bearer token for the next request, asked for at each attempt because tokens expire. */
  token: () => Promise<string | null>;
  /** Adds transceivers and listeners to each new connection. */
  prepare: (peer: RTCPeerConnection) => void;
  shapeOffer?: (sdp: string) => string;
  shapeAnswer?: (sdp: string) => string;
  /** There can be only one of us: when the server closes us again and again, somebody else is meant to be it. */
  givesWay?: boolean;
}

/** From the first request to `connected`; a server on the same continent needs under a second. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A short silence often heals by itself (RFC 7675 consent is renewed about every 5 s), or by an ICE restart. */
const DISCONNECTED_GRACE_MS = 3_000;
/** A restart that the server has answered is given this long to find a path. */
const RESTART_TIMEOUT_MS = 4_000;
const REPORT_EVERY_MS = 1_000;
/** Two goodbyes of the server within this time mean that somebody took our place; one may be a restart. */
const GIVE_WAY_MS = 30_000;
/** No retry mends these: bad offer, no right, no such class, a class that is over, no common codec. */
const FINAL_STATUSES = new Set([400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422]);

interface Attempt {
  peer: RTCPeerConnection;
  token: string | null;
  resource: Resource | null;
  /** What the server answered, as we gave it to the browser; an ICE restart changes a few lines of it. */
  answer: string;
  restarting: boolean;
}

/** Keeps one connection up from `start` to `stop`. */
export class PeerLink extends Emitter<LinkEvents> {
  readonly #options: LinkOptions;
  readonly #backoff = new Backoff();
  #state: LinkState = "idle";
  #attempt: Attempt | null = null;
  #wasLive = false;
  #closedAt = Number.NEGATIVE_INFINITY;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #watchTimer: ReturnType<typeof setTimeout> | undefined;
  #reportTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: LinkOptions) {
    super();
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The present connection, for those who change its tracks. */
  get peer(): RTCPeerConnection | null {
    return this.#attempt?.peer ?? null;
  }

  /** What the server made for the present connection, and the token that it was made with. */
  get resource(): { resource: Resource; token: string | null } | null {
    const { resource, token } = this.#attempt ?? { resource: null, token: null };
    return resource ? { resource, token } : null;
  }

  /** Connects, and goes on until `stop`. Does nothing if already started. */
  start(): void {
    if (this.#state !== "idle" && this.#state !== "failed") return;
    this.#wasLive = false;
    this.#closedAt = Number.NEGATIVE_INFINITY;
    this.#backoff.reset();
    addEventListener("online", this.#onOnline);
    addEventListener("pagehide", this.#onPageHide);
    void this.#connect();
  }

  /** Disconnects and tells the server; resolves when the server has heard it or could not be reached. */
  async stop(): Promise<void> {
    this.#forgetEnvironment();
    const attempt = this.#take();
    this.#setState("idle");
    if (attempt) await this.#leave(attempt);
  }

  /** Does not wait for the next attempt's turn; for a "try now" button and a network that returned. */
  readonly retryNow = (): void => {
    if (this.#retryTimer === undefined) return;
    void this.#connect();
  };

  /** Makes the connection anew although it works, because what it carries has changed. */
  renew(): void {
    const attempt = this.#take();
    if (!attempt) return;
    void this.#leave(attempt);
    void this.#connect();
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#setState(this.#wasLive ? "reconnecting" : "connecting");
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const attempt: Attempt = { peer, token: null, resource: null, answer: "", restarting: false };
    this.#attempt = attempt;
    peer.addEventListener("connectionstatechange", () => this.#onConnectionState(attempt));
    this.#watch(attempt, CONNECT_TIMEOUT_MS, "no-path");
    try {
      await this.#negotiate(attempt);
    } catch (error) {
      this.#lose(attempt, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #negotiate(attempt: Attempt): Promise<void> {
    const { endpoint, token, prepare, shapeOffer, shapeAnswer } = this.#options;
    const { peer } = attempt;
    prepare(peer);
    const offer = await peer.createOffer();
    const sdp = offer.sdp ?? "";
    const shaped = shapeOffer?.(sdp) ?? sdp;
    await peer.setLocalDescription({ type: "offer", sdp: shaped });
    attempt.token = await token();
    if (this.#attempt !== attempt) return;
    // Sent without waiting for candidates: the server finds ours from our first check, its own are in the answer.
    const answered = await postOffer(endpoint, shaped, attempt.token, AbortSignal.timeout(CONNECT_TIMEOUT_MS));
    attempt.resource = answered.resource;
    if (this.#attempt !== attempt) return void this.#leave(attempt);
    attempt.answer = shapeAnswer?.(answered.answer) ?? answered.answer;
    await peer.setRemoteDescription({ type: "answer", sdp: attempt.answer });
    const transport = peer.getTransceivers().find((transceiver) => transceiver.sender.transport)?.sender.transport;
    // Told at once when the server closes; the ICE side would notice only seconds later.
    transport?.addEventListener("statechange", () => {
      if (transport.state !== "closed" || this.#attempt !== attempt) return;
      attempt.resource = null;
      this.#lose(attempt, this.#goodbye());
    });
  }

  #goodbye(): LinkError {
    const now = Date.now();
    const again = now - this.#closedAt < GIVE_WAY_MS;
    this.#closedAt = now;
    return new LinkError(again && this.#options.givesWay ? "replaced" : "closed");
  }

  #onConnectionState(attempt: Attempt): void {
    if (this.#attempt !== attempt) return;
    const state = attempt.peer.connectionState;
    if (state === "connected") {
      clearTimeout(this.#watchTimer);
      this.#wasLive = true;
      this.#backoff.reset();
      this.#startReports(attempt);
      this.#setState("live");
    } else if (state === "disconnected") {
      this.#setState("reconnecting");
      this.#watch(attempt, DISCONNECTED_GRACE_MS, "interrupted");
      void this.#restart(attempt);
    } else if (state === "failed") {
      this.#lose(attempt, new LinkError(this.#wasLive ? "interrupted" : "no-path"));
    }
  }

  /**
   * Looks for another path of the same connection, for example from a phone's network after the Wi-Fi's: quicker than a
   * new connection, and nobody who watches notices. Where that does not work the connection is made anew.
   */
  async #restart(attempt: Attempt): Promise<void> {
    const { peer, resource, token } = attempt;
    if (!resource || attempt.restarting) return;
    attempt.restarting = true;
    try {
      peer.restartIce();
      const offer = await peer.createOffer();
      const sdp = this.#options.shapeOffer?.(offer.sdp ?? "") ?? offer.sdp ?? "";
      const fragment = restartFragment(sdp);
      if (fragment === null) return;
      const theirs = await patchRestart(resource, fragment, token, AbortSignal.timeout(RESTART_TIMEOUT_MS));
      if (theirs === null || this.#attempt !== attempt) return;
      attempt.answer = restartedAnswer(attempt.answer, theirs);
      await peer.setLocalDescription({ type: "offer", sdp });
      await peer.setRemoteDescription({ type: "answer", sdp: attempt.answer });
      if (peer.connectionState !== "connected") this.#watch(attempt, RESTART_TIMEOUT_MS, "interrupted");
    } catch (error) {
      // The server has forgotten us: there is nothing to wait for. Without a network the watch decides.
      if (error instanceof SignalError) this.#lose(attempt, new LinkError("interrupted"));
    } finally {
      attempt.restarting = false;
    }
  }

  /** The machine has a network again, perhaps another one than before. */
  readonly #onOnline = (): void => {
    if (this.#attempt && this.#wasLive) void this.#restart(this.#attempt);
    this.retryNow();
  };

  /** Gives the attempt up after `ms`, unless the timer is cleared or set anew before. */
  #watch(attempt: Attempt, ms: number, kind: LinkError["kind"]): void {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = setTimeout(() => this.#lose(attempt, new LinkError(kind)), ms);
  }

  #lose(attempt: Attempt, error: Error): void {
    if (this.#attempt !== attempt) return;
    this.#take();
    void this.#leave(attempt);
    if (isFinal(error)) {
      this.#forgetEnvironment();
      this.emit("problem", error);
      this.#setState("failed");
      return;
    }
    const asked = error instanceof SignalError ? (error.retryAfterMs ?? 0) : 0;
    this.#retryTimer = setTimeout(() => void this.#connect(), Math.max(asked, this.#backoff.next()));
    this.emit("problem", error);
    this.#setState(this.#wasLive ? "reconnecting" : "connecting");
  }

  /** Takes the present attempt out of service. */
  #take(): Attempt | null {
    const attempt = this.#attempt;
    this.#attempt = null;
    clearTimeout(this.#watchTimer);
    clearTimeout(this.#retryTimer);
    clearInterval(this.#reportTimer);
    this.#retryTimer = undefined;
    return attempt;
  }

  /** Closes a connection here and at the server. */
  async #leave(attempt: Attempt, keepalive = false): Promise<void> {
    attempt.peer.close();
    const { resource } = attempt;
    // A POST under way is left to finish, so that what the server makes for it can be deleted.
    if (resource) await deleteResource(resource, attempt.token, keepalive);
  }

  readonly #onPageHide = (event: PageTransitionEvent): void => {
    const attempt = this.#take();
    if (attempt) void this.#leave(attempt, true);
    this.#forgetEnvironment();
    this.#setState("idle");
    // The browser may keep the page and bring it back as it was.
    if (event.persisted) addEventListener("pageshow", () => this.start(), { once: true });
  };

  #startReports(attempt: Attempt): void {
    clearInterval(this.#reportTimer);
    this.#reportTimer = setInterval(async () => {
      const report = await attempt.peer.getStats().catch(() => null);
      if (report && this.#attempt === attempt) this.emit("report", report);
    }, REPORT_EVERY_MS);
  }

  #forgetEnvironment(): void {
    removeEventListener("online", this.#onOnline);
    removeEventListener("pagehide", this.#onPageHide);
  }

  #setState(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit("state", state);
  }
}

/** The token source may fail as well; its errors carry an HTTP status too. */
function isFinal(error: Error): boolean {
  if (error instanceof LinkError) return error.kind === "replaced";
  return "status" in error && typeof error.status === "number" && FINAL_STATUSES.has(error.status);
}
