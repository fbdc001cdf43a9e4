import { expect, test } from "vitest";
import { undecodable } from "./decodable";

/** A browser that knows these beginnings of codec strings. */
const knows =
  (...known: string[]) =>
  (type: string) =>
    known.some((codec) => type.includes(`"${codec}`));

test.each([
  ["all is known", ["avc1.42e01f"], ["Opus"], ["avc1", "Opus"], []],
  ["the picture is not", ["av01.0.04M.08"], ["Opus"], ["avc1", "Opus"], ["AV1"]],
  ["the picture of a part is not", ["avc1.42e01f", "vp09.00.31.08"], ["Opus"], ["avc1", "Opus"], ["VP9"]],
  ["two sizes of one codec have one name", ["avc1.42e01f", "avc1.42e016"], [], [], ["H.264"]],
  ["the sound is not", ["avc1.42e01f"], ["Opus"], ["avc1"], ["Opus"]],
  ["another sound is", ["avc1.42e01f"], ["Opus", "mp4a.40.2"], ["avc1", "mp4a"], []],
  ["a name that nobody knows", ["xyz1.5"], [], [], ["xyz1.5"]],
])("%s", (_, codecs, audioCodecs, known, missing) => {
  expect(undecodable({ codecs, audioCodecs }, knows(...known))).toEqual(missing);
});
