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

test("sends several sizes of the picture, and one of the sound", () => {
  const sizes = FakePeer.last.added.map(({ init }) => init?.sendEncodings?.map((encoding) => encoding.rid));
  expect(sizes).toEqual([["h", "m", "l"], [undefined]]);
});

test("a browser that cannot do that sends one", async () => {
  FakePeer.refusesSimulcast = true;
  FakePeer.last.become("failed");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(FakePeer.made).toHaveLength(2);
  expect(FakePeer.last.added.map(({ init }) => init?.sendEncodings?.length)).toEqual([1, 1]);
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

test("a picture where there was only sound makes a new connection", async () => {
  await client.stop();
  const sound = new FakeStream([microphone]) as unknown as MediaStream;
  client = new WhipClient({ endpoint: "/whip/class", token: async () => "secret", stream: sound });
  client.start();
  await settle();
  const { length } = FakePeer.made;
  await client.replaceTrack(camera as unknown as MediaStreamTrack);
  await settle();
  expect(FakePeer.made).toHaveLength(length + 1);
  expect(FakePeer.last.added.map(({ kind }) => kind)).toEqual(["audio", "video"]);
});
