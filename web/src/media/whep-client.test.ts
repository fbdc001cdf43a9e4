import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakePeer, FakeTrack, installFakes, settle } from "./testing/fake-peer";
import { type Flow, WhepClient } from "./whep-client";

let fakes: ReturnType<typeof installFakes>;
let client: WhepClient;
let flows: Flow[];

beforeEach(async () => {
  vi.useFakeTimers();
  fakes = installFakes();
  client = new WhepClient({ endpoint: "/whep/class", token: async () => null });
  flows = [];
  client.on("flow", (flow) => flows.push(flow));
  client.start();
  await settle();
});

afterEach(async () => {
  await client.stop();
  vi.useRealTimers();
});

function setBytes(bytes: number): void {
  const video = { id: "v", type: "inbound-rtp", kind: "video", bytesReceived: bytes };
  FakePeer.last.report = new Map([["v", video]]);
}

test("asks to receive video and audio, in stereo, without a token where none is needed", () => {
  expect(FakePeer.last.added).toEqual([
    { kind: "video", init: { direction: "recvonly" } },
    { kind: "audio", init: { direction: "recvonly" } },
  ]);
  expect(fakes.sent[0]?.body).toContain("a=fmtp:111 minptime=10;stereo=1");
  expect(fakes.sent[0]?.authorization).toBeNull();
});

test("both tracks come in one stream, announced once", () => {
  const streams = vi.fn();
  client.on("stream", streams);
  FakePeer.last.receive(new FakeTrack("video"));
  FakePeer.last.receive(new FakeTrack("audio"));
  expect(streams).toHaveBeenCalledTimes(1);
  expect(streams.mock.calls[0]?.[0].getTracks().map((track: FakeTrack) => track.kind)).toEqual(["video", "audio"]);
});

test("the first packet counts as flowing at once", () => {
  const track = new FakeTrack("video");
  FakePeer.last.receive(track);
  track.dispatchEvent(new Event("unmute"));
  expect(client.flow).toBe("flowing");
});

test("a class without a publisher is awaited after 2 s", async () => {
  FakePeer.last.become("connected");
  await vi.advanceTimersByTimeAsync(2_100);
  expect(flows).toEqual(["awaited"]);
});

test("media that stops for 3 s has stalled, and flows again when it returns", async () => {
  FakePeer.last.become("connected");
  for (const bytes of [1_000, 2_000, 3_000]) {
    setBytes(bytes);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(flows).toEqual(["flowing"]);
  await vi.advanceTimersByTimeAsync(3_100);
  expect(flows).toEqual(["flowing", "stalled"]);
  setBytes(9_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(flows).toEqual(["flowing", "stalled", "flowing"]);
});

function choices(): unknown[] {
  return fakes.sent.filter((request) => request.url.endsWith("/layer")).map((request) => JSON.parse(request.body));
}

function setVisibility(state: DocumentVisibilityState): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
}

test("a page that stays hidden gets the lowest layer, and what was chosen when it is back", async () => {
  FakePeer.last.become("connected");
  expect(await client.chooseLayer({ maxHeight: 720 })).toBe(true);
  setVisibility("hidden");
  await vi.advanceTimersByTimeAsync(4_000);
  setVisibility("visible");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(choices()).toEqual([{ maxHeight: 720 }]);
  setVisibility("hidden");
  await vi.advanceTimersByTimeAsync(5_000);
  setVisibility("visible");
  await settle();
  expect(choices().slice(1)).toEqual([{ lowest: true }, { maxHeight: 720 }]);
  expect(fakes.sent.find((request) => request.url.endsWith("/layer"))?.url).toMatch(/\/whep\/class\/peer1\/layer$/);
});

test("a choice outlives the connection, and without one nothing is asked", async () => {
  FakePeer.last.become("connected");
  await settle();
  expect(choices()).toEqual([]);
  await client.chooseLayer({ rid: "l" });
  FakePeer.last.closeByServer();
  await vi.advanceTimersByTimeAsync(5_000);
  FakePeer.last.become("connected");
  await settle();
  expect(choices()).toEqual([{ rid: "l" }, { rid: "l" }]);
  expect(fakes.sent.filter((request) => request.url.endsWith("/layer")).at(-1)?.url).toContain("peer2");
});
