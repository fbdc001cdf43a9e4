/** One WebSocket that a person can rely on: JSON messages `{type, data}`, made anew when it breaks. */
import { Backoff } from "./backoff";
import { Emitter } from "./emitter";

/**
 * - `idle`: not started, or stopped
 * - `connecting`: trying for the first time
 * - `open`: connected
 * - `reconnecting`: was connected, trying again
 */
export type SocketState = "idle" | "connecting" | "open" | "reconnecting";

/** What the other side says. */
export interface SocketMessage {
  type: string;
  data: unknown;
}

/** What a link tells. */
export interface SocketEvents {
  state: SocketState;
  message: SocketMessage;
}

/** The other side closes with this code when the right to be there has ended: coming back is no use. */
const RIGHT_ENDED = 4403;
/** A connection that lived this long has proved itself: the next loss is a new one. */
const PROVEN_MS = 5_000;

/** Keeps one socket up from `start` to `stop`. */
export class SocketLink extends Emitter<SocketEvents> {
  readonly #url: string;
  readonly #backoff = new Backoff();
  #socket: WebSocket | null = null;
  #state: SocketState = "idle";
  #wasOpen = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #provenTimer: ReturnType<typeof setTimeout> | undefined;

  /** `path` is relative to the page's origin. */
  constructor(path: string) {
    super();
    this.#url = new URL(path, location.href).href.replace(/^http/, "ws");
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Connects, and goes on until `stop`. Does nothing if already started. */
  start(): void {
    if (this.#state !== "idle") return;
    addEventListener("online", this.#onOnline);
    addEventListener("offline", this.#onOffline);
    this.#connect();
  }

  /** Disconnects for good. */
  stop(): void {
    removeEventListener("online", this.#onOnline);
    removeEventListener("offline", this.#onOffline);
    this.#drop();
    this.#wasOpen = false;
    this.#setState("idle");
  }

  /** Sends a message if the socket is open; false if it is not. */
  send(type: string, data: object = {}): boolean {
    if (this.#state !== "open" || !this.#socket) return false;
    this.#socket.send(JSON.stringify({ type, data }));
    return true;
  }

  #connect(): void {
    this.#drop();
    this.#setState(this.#wasOpen ? "reconnecting" : "connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      if (this.#socket !== socket) return;
      this.#wasOpen = true;
      this.#provenTimer = setTimeout(() => this.#backoff.reset(), PROVEN_MS);
      this.#setState("open");
    });
    socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (this.#socket === socket) this.#hear(data);
    });
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return;
      if (code === RIGHT_ENDED) this.stop();
      else this.#retryIn(this.#backoff.next());
    });
  }

  #hear(text: unknown): void {
    const message = parse(text);
    if (!message) return;
    // Everybody is told at once; half of the wait is chance, so that not everybody comes back at once.
    if (message.type === "server:restart") this.#retryIn(askedMs(message.data) * (0.5 + Math.random()));
    else this.emit("message", message);
  }

  #retryIn(ms: number): void {
    this.#drop();
    this.#setState(this.#wasOpen ? "reconnecting" : "connecting");
    this.#retryTimer = setTimeout(() => this.#connect(), ms);
  }

  /** Leaves the present socket and forgets what was to follow. */
  #drop(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#provenTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  readonly #onOnline = (): void => this.#connect();

  // A socket over a network that is gone stays silent for minutes before it closes.
  readonly #onOffline = (): void => this.#retryIn(this.#backoff.next());

  #setState(state: SocketState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit("state", state);
  }
}

function parse(text: unknown): SocketMessage | null {
  if (typeof text !== "string") return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("type" in value)) return null;
    return typeof value.type === "string" ? { type: value.type, data: "data" in value ? value.data : null } : null;
  } catch {
    // Nothing of ours: a proxy's words, for example.
    return null;
  }
}

/** How long the server asks us to stay away, milliseconds. */
function askedMs(data: unknown): number {
  const asked = typeof data === "object" && data !== null && "retryAfterMs" in data ? Number(data.retryAfterMs) : 0;
  return Number.isFinite(asked) ? Math.max(0, asked) : 0;
}
