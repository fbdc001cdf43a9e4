/** A stand-in for the browser's WebSocket, for tests: it does nothing until told. */
import { vi } from "vitest";

/** A socket whose other side is the test. */
export class FakeSocket extends EventTarget {
  /** All that were made, in order. */
  static readonly made: FakeSocket[] = [];

  readonly url: string;
  readonly sent: unknown[] = [];
  closed = false;

  constructor(url: string) {
    super();
    this.url = url;
    FakeSocket.made.push(this);
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (!socket) throw new Error("no socket was made");
    return socket;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  /** The server lets us in. */
  open(): void {
    this.dispatchEvent(new Event("open"));
  }

  /** The server says something. */
  say(type: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ type, data }) }));
  }

  /** The connection breaks, or is closed for a reason. */
  lose(code = 1006): void {
    this.dispatchEvent(new CloseEvent("close", { code }));
  }
}

/** Puts the fake in the browser's place until the test's end. */
export function installFakeSocket(): void {
  FakeSocket.made.length = 0;
  vi.stubGlobal("WebSocket", FakeSocket);
}
