import { expect, test } from "vitest";
import { simulcast } from "./encodings";

test.each([
  [1920, ["h", "m", "l"]],
  [1280, ["h", "m", "l"]],
  [640, ["h", "m"]],
  [320, [undefined]],
  [0, [undefined]],
])("a picture %i wide goes out in the sizes %j", (width, rids) => {
  expect(simulcast(width, "video/H264").map((encoding) => encoding.rid)).toEqual(rids);
});

test("the whole picture comes first, for servers that keep only one", () => {
  const [first, second, third] = simulcast(1280, "video/VP8");
  expect([first, second, third].map((one) => one?.scaleResolutionDownBy)).toEqual([1, 2, 4]);
  expect(first?.maxBitrate).toBeGreaterThan((second?.maxBitrate ?? 0) + (third?.maxBitrate ?? 0));
});

test("only codecs that would nest the sizes are told not to", () => {
  const modes = (codec: string) => simulcast(1280, codec).map((encoding) => "scalabilityMode" in encoding);
  expect(modes("video/H264")).toEqual([false, false, false]);
  expect(modes("video/VP9")).toEqual([true, true, true]);
  expect(modes("video/AV1")).toEqual([true, true, true]);
});
