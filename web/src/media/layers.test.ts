import { expect, test } from "vitest";
import { parseLayers } from "./layers";

test("sizes that are sent now, best first; temporal layers of one size are one", () => {
  const event = {
    0: [
      { rid: "l", bitrate: 200_000, width: 320, height: 180 },
      { rid: "h", bitrate: 1_200_000, width: 1280, height: 720, temporalLayerId: 0 },
      { rid: "h", bitrate: 2_000_000, width: 1280, height: 720, temporalLayerId: 1 },
      { rid: "m", width: 640, height: 360 },
    ],
  };
  expect(parseLayers(JSON.stringify(event))).toEqual([
    { rid: "h", spatialLayerId: null, height: 720, bps: 2_000_000 },
    { rid: "l", spatialLayerId: null, height: 180, bps: 200_000 },
  ]);
});

test.each(["", "null", "[]", '{"0":[1,{"rid":3}]}'])("of %s there are none", (data) => {
  expect(parseLayers(data)).toEqual([]);
});
