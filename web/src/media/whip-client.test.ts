import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakePeer, FakeStream, FakeTrack, installFakes, settle } from "./testing/fake-peer";
import { WhipClient } from "./whip-client";

const camera = new FakeTrack("video");
const microphone = new FakeTrack("audio");
let client: WhipClient;

beforeEach(async () => {
  vi.useFakeTimers();
  installFakes();
  const stream = new FakeStream([camera, microphone]) as unknown as MediaStream;
  client = new WhipClient({ endpoint: "/whip/class", token: async () => "secret", stream });
  client.start();
  await settle();
});

afterEach(async () => {
  await client.stop();
  vi.useRealTimers();
});

test("only sends, and prefers H.264 to VP8", () => {
  expect(FakePeer.last.added.map(({ kind, init }) => [kind, init?.direction])).toEqual([
    ["video", "sendonly"],
    ["audio", "sendonly"],
  ]);
  expect(FakePeer.last.preferences).toEqual([["video/H264", "video/VP8"]]);
});

test("another camera takes the place of the first, now and after a reconnection", async () => {
  const other = new FakeTrack("video");
  await client.replaceTrack(other as unknown as MediaStreamTrack);
  expect(FakePeer.last.getSenders().map((sender) => sender.track)).toEqual([other, microphone]);
  FakePeer.last.become("failed");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(FakePeer.made).toHaveLength(2);
  expect(FakePeer.last.getSenders().map((sender) => sender.track)).toEqual([microphone, other]);
});
