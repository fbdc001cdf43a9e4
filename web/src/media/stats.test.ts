import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PublisherMeter, ViewerMeter } from "./stats";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function report(entries: object[]): RTCStatsReport {
  return new Map(entries.map((entry, index) => [String(index), entry])) as unknown as RTCStatsReport;
}

test("a viewer's rates are differences between two reports", () => {
  const meter = new ViewerMeter();
  const at = (bytes: number, packets: number, lost: number, bufferS: number, frames: number) =>
    meter.measure(
      report([
        {
          type: "inbound-rtp",
          kind: "video",
          bytesReceived: bytes,
          packetsReceived: packets,
          packetsLost: lost,
          jitterBufferDelay: bufferS,
          jitterBufferEmittedCount: frames,
          framesPerSecond: 30,
          frameWidth: 1280,
          frameHeight: 720,
          codecId: "c",
        },
        { type: "codec", id: "c", mimeType: "video/H264" },
        { type: "candidate-pair", id: "p", nominated: true, currentRoundTripTime: 0.042, localCandidateId: "l" },
        { type: "local-candidate", id: "l", protocol: "udp" },
      ]),
    );
  expect(at(1_000, 10, 0, 0, 0)).toMatchObject({ videoBps: 0, lossRatio: null, bufferMs: null });
  vi.advanceTimersByTime(2_000);
  expect(at(251_000, 100, 10, 1.5, 30)).toMatchObject({
    videoBps: 1_000_000,
    lossRatio: 0.1,
    bufferMs: 50,
    rttMs: 42,
    videoCodec: "H264",
    transport: "udp",
    width: 1280,
  });
});

test("a publisher's layers are summed, and the largest is the picture", () => {
  const meter = new PublisherMeter();
  const at = (small: number, large: number) =>
    meter.measure(
      report([
        {
          type: "outbound-rtp",
          kind: "video",
          bytesSent: small,
          frameWidth: 320,
          frameHeight: 180,
          framesPerSecond: 15,
        },
        {
          type: "outbound-rtp",
          kind: "video",
          bytesSent: large,
          frameWidth: 1280,
          frameHeight: 720,
          framesPerSecond: 30,
        },
        { type: "outbound-rtp", kind: "video", bytesSent: 0, frameWidth: 640, frameHeight: 360, framesPerSecond: 0 },
        { type: "remote-inbound-rtp", kind: "video", fractionLost: 0.02, roundTripTime: 0.03 },
      ]),
    );
  at(0, 0);
  vi.advanceTimersByTime(1_000);
  expect(at(25_000, 100_000)).toMatchObject({
    videoBps: 1_000_000,
    width: 1280,
    fps: 30,
    lossRatio: 0.02,
    rttMs: 30,
    heights: [720, 180],
  });
});
