import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PlayClock } from "./play-clock";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A video that plays on by itself while the fake time runs. */
function play(seconds: number, video: { currentTime: number; paused: boolean; playbackRate: number }): void {
  for (let second = 0; second < seconds; second += 1) {
    if (!video.paused) video.currentTime += video.playbackRate;
    vi.advanceTimersByTime(1_000);
  }
}

function start() {
  const video = { currentTime: 0, paused: false, seeking: false, playbackRate: 1 };
  const told: number[] = [];
  const clock = new PlayClock(video as HTMLVideoElement, 15, (seconds) => told.push(seconds));
  return { video, told, clock };
}

test("playback is told every fifteen seconds, and the rest at the end", () => {
  const { video, told, clock } = start();
  play(34, video);
  expect(told).toEqual([15, 15]);
  clock.stop();
  expect(told).toEqual([15, 15, 4]);
  play(30, video);
  expect(told).toHaveLength(3);
});

test("neither a pause nor a jump counts", () => {
  const { video, told, clock } = start();
  play(5, video);
  video.paused = true;
  play(60, video);
  video.currentTime = 600;
  video.paused = false;
  play(6, video);
  clock.stop();
  expect(told).toEqual([10]);
});

test("at double speed a minute of the class is half a minute of playback", () => {
  const { video, told, clock } = start();
  video.playbackRate = 2;
  play(30, video);
  clock.stop();
  expect(told).toEqual([15, 15]);
});
