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
