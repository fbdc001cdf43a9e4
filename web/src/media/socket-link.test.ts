import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SocketLink, type SocketMessage, type SocketState } from "./socket-link";
import { FakeSocket, installFakeSocket } from "./testing/fake-socket";

let link: SocketLink;
let states: SocketState[];
let heard: SocketMessage[];

beforeEach(() => {
  vi.useFakeTimers();
  installFakeSocket();
  link = new SocketLink("/live/class");
  states = [];
  heard = [];
  link.on("state", (state) => states.push(state));
  link.on("message", (message) => heard.push(message));
  link.start();
});

afterEach(() => {
  link.stop();
  vi.useRealTimers();
});

test("connects to the page's own server and passes messages both ways", () => {
  expect(FakeSocket.last.url).toMatch(/^ws.*\/live\/class$/);
  expect(link.send("hand:raise")).toBe(false);
  FakeSocket.last.open();
  FakeSocket.last.say("viewer:count", { viewerCount: 3 });
  FakeSocket.last.dispatchEvent(new MessageEvent("message", { data: "<html>a proxy</html>" }));
  expect(heard).toEqual([{ type: "viewer:count", data: { viewerCount: 3 } }]);
  expect(link.send("hand:raise")).toBe(true);
  expect(FakeSocket.last.sent).toEqual([{ type: "hand:raise", data: {} }]);
  expect(states).toEqual(["connecting", "open"]);
});

test("a lost connection is made anew, later each time, until one has proved itself", () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.last.open();
  const waits = [500, 1_000, 2_000, 4_000, 8_000, 8_000];
  for (const [index, wait] of waits.entries()) {
    FakeSocket.last.lose();
    vi.advanceTimersByTime(wait - 1);
    expect(FakeSocket.made).toHaveLength(index + 1);
    vi.advanceTimersByTime(1);
    expect(FakeSocket.made).toHaveLength(index + 2);
  }
  FakeSocket.last.open();
  vi.advanceTimersByTime(5_000);
  FakeSocket.last.lose();
  vi.advanceTimersByTime(500);
  expect(FakeSocket.made).toHaveLength(waits.length + 2);
  expect(states).toEqual(["connecting", "open", "reconnecting", "open", "reconnecting"]);
});

test("the waits of many viewers differ", () => {
  FakeSocket.last.open();
  vi.spyOn(Math, "random").mockReturnValue(0);
  FakeSocket.last.lose();
  vi.advanceTimersByTime(250);
  expect(FakeSocket.made).toHaveLength(2);
});

test("a server that restarts is left at once and found again about when it says", () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  FakeSocket.last.open();
  FakeSocket.last.say("server:restart", { retryAfterMs: 3_000 });
  expect(FakeSocket.last.closed).toBe(true);
  expect(link.state).toBe("reconnecting");
  expect(heard).toEqual([]);
  vi.advanceTimersByTime(2_999);
  expect(FakeSocket.made).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(FakeSocket.made).toHaveLength(2);
});

test("a network that is gone is noticed at once, and one that is back is used at once", () => {
  FakeSocket.last.open();
  dispatchEvent(new Event("offline"));
  expect(link.state).toBe("reconnecting");
  expect(FakeSocket.last.closed).toBe(true);
  dispatchEvent(new Event("online"));
  expect(FakeSocket.made).toHaveLength(2);
  FakeSocket.last.open();
  expect(link.state).toBe("open");
});

test("a link whose right has ended does not come back", () => {
  FakeSocket.last.open();
  FakeSocket.last.lose(4403);
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.made).toHaveLength(1);
  expect(link.state).toBe("idle");
});

test("nothing follows a stop, and what an old socket says is not heard", () => {
  const [first] = FakeSocket.made;
  first?.open();
  first?.lose();
  first?.say("viewer:count", {});
  expect(heard).toEqual([]);
  link.stop();
  vi.advanceTimersByTime(60_000);
  dispatchEvent(new Event("online"));
  expect(FakeSocket.made).toHaveLength(1);
});
