import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type LinkState, PeerLink } from "./peer-link";
import { answer, FakePeer, installFakes, settle } from "./testing/fake-peer";

let fakes: ReturnType<typeof installFakes>;
const links: PeerLink[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  fakes = installFakes();
});

afterEach(async () => {
  for (const link of links.splice(0)) await link.stop();
  vi.useRealTimers();
});

function makeLink(token: () => Promise<string | null> = async () => "secret", givesWay = false) {
  const link = new PeerLink({ endpoint: "/whep/class", token, prepare: () => {}, givesWay });
  links.push(link);
  const states: LinkState[] = [];
  const problems: string[] = [];
  link.on("state", (state) => states.push(state));
  link.on("problem", (problem) => problems.push(problem.message));
  return { link, states, problems };
}

async function goLive(link: PeerLink): Promise<FakePeer> {
  link.start();
  await settle();
  FakePeer.last.become("connected");
  return FakePeer.last;
}

test("the offer goes out at once, with the token, and the answer comes in", async () => {
  const { link, states } = makeLink();
  const peer = await goLive(link);
  expect(fakes.sent).toMatchObject([{ method: "POST", url: "/whep/class", authorization: "Bearer secret" }]);
  expect(peer.remote).toEqual({ type: "answer", sdp: "v=0\r\n" });
  expect(states).toEqual(["connecting", "live"]);
});

test("stopping deletes the resource that the server named", async () => {
  const { link, states } = makeLink();
  const peer = await goLive(link);
  await link.stop();
  expect(fakes.sent.at(-1)).toMatchObject({ method: "DELETE", authorization: "Bearer secret" });
  expect(fakes.sent.at(-1)?.url).toMatch(/\/whep\/class\/peer1$/);
  expect(peer.closed).toBe(true);
  expect(states.at(-1)).toBe("idle");
});

test("stopping while the POST is under way deletes what it makes", async () => {
  const { link } = makeLink();
  let release: (response: Response) => void = () => {};
  fakes.respond.mockImplementationOnce(() => new Promise((resolve) => (release = resolve)));
  link.start();
  await settle();
  await link.stop();
  release(answer(1));
  await settle();
  expect(fakes.sent.map((request) => request.method)).toEqual(["POST", "DELETE"]);
});

test("leaving the page deletes with a request that outlives it", async () => {
  const { link } = makeLink();
  await goLive(link);
  dispatchEvent(new Event("pagehide"));
  expect(fakes.sent.at(-1)).toMatchObject({ method: "DELETE", keepalive: true });
  expect(link.state).toBe("idle");
});

test("a failed connection is made anew, and the old resource deleted", async () => {
  const { link, states } = makeLink();
  const first = await goLive(link);
  first.become("failed");
  expect(states.at(-1)).toBe("reconnecting");
  await vi.advanceTimersByTimeAsync(500);
  expect(FakePeer.made).toHaveLength(2);
  FakePeer.last.become("connected");
  expect(states.at(-1)).toBe("live");
  expect(first.closed).toBe(true);
  expect(fakes.sent.filter((request) => request.method === "DELETE")).toHaveLength(1);
});

test("a short interruption heals without a new connection", async () => {
  const { link, states } = makeLink();
  const peer = await goLive(link);
  peer.become("disconnected");
  await vi.advanceTimersByTimeAsync(2_900);
  peer.become("connected");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakePeer.made).toHaveLength(1);
  expect(states).toEqual(["connecting", "live", "reconnecting", "live"]);
});

test("a long interruption does not", async () => {
  const { link } = makeLink();
  const peer = await goLive(link);
  peer.become("disconnected");
  await vi.advanceTimersByTimeAsync(3_500);
  expect(FakePeer.made).toHaveLength(2);
});

test("an interruption is first mended by an ICE restart of the same connection", async () => {
  const { link, states } = makeLink();
  const peer = await goLive(link);
  const theirs = "a=ice-ufrag:theirs\r\na=ice-pwd:secret\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n";
  fakes.respond.mockResolvedValueOnce(new Response(theirs, { status: 200, headers: { ETag: '"e9"' } }));
  peer.become("disconnected");
  await settle();
  expect(fakes.sent.at(-1)).toMatchObject({ method: "PATCH", authorization: "Bearer secret" });
  expect(fakes.sent.at(-1)?.body).toContain("a=ice-ufrag:offer2");
  expect(peer.local?.sdp).toContain("offer2");
  await vi.advanceTimersByTimeAsync(3_500);
  peer.become("connected");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakePeer.made).toHaveLength(1);
  expect(states.at(-1)).toBe("live");
});

test("a restart that finds no path ends in a new connection", async () => {
  const { link } = makeLink();
  const peer = await goLive(link);
  fakes.respond.mockResolvedValueOnce(new Response("a=ice-ufrag:a\r\na=ice-pwd:b\r\n", { status: 200 }));
  peer.become("disconnected");
  await vi.advanceTimersByTimeAsync(3_900);
  expect(FakePeer.made).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(700);
  expect(FakePeer.made).toHaveLength(2);
});

test("a server that has forgotten us is asked anew at once", async () => {
  const { link } = makeLink();
  const peer = await goLive(link);
  fakes.respond.mockResolvedValueOnce(new Response(null, { status: 404 }));
  peer.become("disconnected");
  await vi.advanceTimersByTimeAsync(600);
  expect(FakePeer.made).toHaveLength(2);
});

test("another network is used before the old one is missed", async () => {
  const { link } = makeLink();
  await goLive(link);
  dispatchEvent(new Event("online"));
  await settle();
  expect(fakes.sent.map((request) => request.method)).toEqual(["POST", "PATCH"]);
});

test("a goodbye of the server is noticed at once", async () => {
  const { link, states } = makeLink();
  const peer = await goLive(link);
  peer.closeByServer();
  expect(states.at(-1)).toBe("reconnecting");
  expect(fakes.sent.map((request) => request.method)).toEqual(["POST"]);
});

test("a publisher whose place is taken twice gives way", async () => {
  const { link, states, problems } = makeLink(undefined, true);
  const peer = await goLive(link);
  peer.closeByServer();
  await vi.advanceTimersByTimeAsync(600);
  FakePeer.last.become("connected");
  FakePeer.last.closeByServer();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakePeer.made).toHaveLength(2);
  expect(states.at(-1)).toBe("failed");
  expect(problems.at(-1)).toBe("connection: replaced");
});

test("a viewer never gives way", async () => {
  const { link } = makeLink();
  await goLive(link);
  for (let round = 0; round < 3; round += 1) {
    FakePeer.last.closeByServer();
    await vi.advanceTimersByTimeAsync(600);
    FakePeer.last.become("connected");
  }
  expect(link.state).toBe("live");
});

test("an unreachable server is tried again, ever more rarely", async () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const { link, states } = makeLink();
  fakes.respond.mockRejectedValue(new TypeError("network"));
  link.start();
  await vi.advanceTimersByTimeAsync(500 + 1_000 + 2_000 + 4_000);
  expect(FakePeer.made).toHaveLength(5);
  expect(states).toEqual(["connecting"]);
});

test("a network that returns cuts the wait short", async () => {
  const { link } = makeLink();
  fakes.respond.mockRejectedValueOnce(new TypeError("network"));
  link.start();
  await settle();
  expect(FakePeer.made).toHaveLength(1);
  dispatchEvent(new Event("online"));
  await settle();
  expect(FakePeer.made).toHaveLength(2);
});

test.each([401, 403, 404, 409, 422])("a %i is final: no further request", async (status) => {
  const { link, states, problems } = makeLink();
  const body = JSON.stringify({ type: "/problems/x", title: "No", detail: "not for you" });
  const headers = { "Content-Type": "application/problem+json" };
  fakes.respond.mockResolvedValue(new Response(body, { status, headers }));
  link.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fakes.sent).toHaveLength(1);
  expect(states).toEqual(["connecting", "failed"]);
  expect(problems).toEqual(["not for you"]);
});

test("a refused token is final as well, and a new start asks for another", async () => {
  const refusal = Object.assign(new Error("forbidden"), { status: 403 });
  const token = vi.fn(async () => "second").mockRejectedValueOnce(refusal);
  const { link } = makeLink(token);
  link.start();
  await settle();
  expect(link.state).toBe("failed");
  await goLive(link);
  expect(fakes.sent).toMatchObject([{ authorization: "Bearer second" }]);
});

test("Retry-After is honoured", async () => {
  const { link } = makeLink();
  fakes.respond.mockResolvedValueOnce(new Response(null, { status: 503, headers: { "Retry-After": "20" } }));
  link.start();
  await vi.advanceTimersByTimeAsync(19_900);
  expect(FakePeer.made).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(FakePeer.made).toHaveLength(2);
});

test("a connection that never comes about is given up after 10 s", async () => {
  const { link, problems } = makeLink();
  link.start();
  await vi.advanceTimersByTimeAsync(11_000);
  expect(FakePeer.made).toHaveLength(2);
  expect(problems).toEqual(["connection: no-path"]);
});

test("a 201 without an answer is not taken for one", async () => {
  const { link, problems } = makeLink();
  fakes.respond.mockResolvedValueOnce(new Response("<html>", { status: 201, headers: { Location: "/x" } }));
  link.start();
  await settle();
  expect(problems).toEqual(["the server sent no usable answer"]);
});
