import { expect, test } from "vitest";
import { renditionsOf } from "./replay-engine";

test("a picture that comes with sound in two codecs is one rendition, with the smaller sound", () => {
  const levels = [
    { uri: "m", height: 360, bitrate: 500_000 },
    { uri: "m", height: 360, bitrate: 560_000 },
    { uri: "h", height: 720, bitrate: 1_500_000 },
    { uri: "h", height: 720, bitrate: 1_560_000 },
  ];
  expect(renditionsOf(levels)).toEqual([
    { index: 0, height: 360, bps: 500_000 },
    { index: 2, height: 720, bps: 1_500_000 },
  ]);
});
