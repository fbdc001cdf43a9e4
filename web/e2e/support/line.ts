/** A bad line between a browser and the server's UDP port: it loses, delays and limits what goes through it. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Page } from "./test";

/** How the line is; the same both ways but for the rate, which is that towards the browser. */
export interface Conditions {
  /** Share of the datagrams that get lost, 0 to 1. */
  loss: number;
  /** One way, ms. */
  delayMs: number;
  /** Bits a second towards the browser, behind a queue of `QUEUE_MS`; more is lost. */
  rateBps: number;
}

/** As long as a home router's queue. */
const QUEUE_MS = 300;

const PERFECT: Conditions = { loss: 0, delayMs: 0, rateBps: Number.POSITIVE_INFINITY };

/** Runs inside the page: connections find the server at this port alone, by UDP and IPv4. */
function redirect(port: number): void {
  const set: (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void> =
    RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp = "" }: RTCSessionDescriptionInit) {
    const lines = sdp.split("\r\n").flatMap((line) => {
      if (!line.startsWith("a=candidate:")) return [line];
      const fields = line.split(" ");
      if (fields[2] !== "udp" || !fields[4]?.includes(".")) return [];
      fields[5] = `${port}`;
      return [fields.join(" ")];
    });
    return set.call(this, { type, sdp: lines.join("\r\n") });
  };
}

/** Carries datagrams between clients and the server; the server sees each client at an address of its own. */
export class Line {
  /** For pages of another driver: runs inside the page, with the line's `port`. */
  readonly redirect = redirect;
  readonly #server: number;
  readonly #socket: Socket;
  readonly #upstream = new Map<string, Socket>();
  #conditions: Conditions;
  #busyUntil = 0;
  #isOpen = true;
  #random = 1;

  private constructor(socket: Socket, server: number, conditions: Conditions) {
    this.#socket = socket;
    this.#server = server;
    this.#conditions = conditions;
    socket.on("message", (datagram, from) =>
      this.#pass(0, () => this.#towardsServer(from).send(datagram, this.#server, "127.0.0.1")),
    );
  }

  /** Opens a line to the server's media port, on a free port. */
  static async open(serverPort: number, conditions: Partial<Conditions> = {}): Promise<Line> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 }).bind(0);
    await once(socket, "listening");
    return new Line(socket, serverPort, { ...PERFECT, ...conditions });
  }

  /** The line is like this from now on; what is not named is perfect. */
  become(conditions: Partial<Conditions>): void {
    this.#conditions = { ...PERFECT, ...conditions };
    this.#busyUntil = 0;
  }

  /** Sends what the page's connections exchange with the server over this line alone, also after a reload. */
  async carry(page: Page): Promise<void> {
    await page.addInitScript(redirect, this.port);
    await page.evaluate(redirect, this.port);
  }

  /** Where it begins. */
  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#isOpen = false;
    for (const socket of [this.#socket, ...this.#upstream.values()]) socket.close();
  }

  #towardsServer(from: RemoteInfo): Socket {
    const name = `${from.address}:${from.port}`;
    let socket = this.#upstream.get(name);
    if (!socket) {
      socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 });
      socket.on("message", (datagram) =>
        this.#pass(datagram.length, () => this.#socket.send(datagram, from.port, from.address)),
      );
      this.#upstream.set(name, socket);
    }
    return socket;
  }

  /** Passes a datagram on, later or never. `bytes` take time where the rate is limited. */
  #pass(bytes: number, send: () => void): void {
    const { loss, delayMs, rateBps } = this.#conditions;
    if (this.#chance() < loss) return;
    const now = performance.now();
    const sent = Math.max(now, this.#busyUntil) + (bytes * 8000) / rateBps;
    if (sent - now > QUEUE_MS) return;
    if (bytes > 0) this.#busyUntil = sent;
    const wait = (bytes > 0 ? sent - now : 0) + delayMs;
    if (wait < 1) send();
    else setTimeout(() => this.#isOpen && send(), wait);
  }

  /** From 0 to 1, the same in every run (a linear congruential generator modulo 2^32). */
  #chance(): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return this.#random / 2 ** 32;
  }
}
