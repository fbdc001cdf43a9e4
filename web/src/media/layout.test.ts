import { expect, test } from "vitest";
import { centred, corner, within } from "./layout";

const HD = { width: 1920, height: 1080 };

test.each([
  [
    { width: 3840, height: 2160 },
    { width: 1920, height: 1080 },
  ],
  [
    { width: 2560, height: 1600 },
    { width: 1728, height: 1080 },
  ],
  [
    { width: 801, height: 601 },
    { width: 802, height: 602 },
  ],
  [
    { width: 1080, height: 2400 },
    { width: 486, height: 1080 },
  ],
])("a screen of %o is sent as %o", (screen, sent) => {
  expect(within(screen, HD)).toEqual(sent);
});

test("a screen of another shape stands in the middle", () => {
  expect(centred({ width: 1000, height: 1000 }, HD)).toEqual({ x: 420, y: 0, width: 1080, height: 1080 });
});

test("the camera keeps its shape and stays inside", () => {
  const area = corner({ width: 640, height: 480 }, HD);
  expect(area.width / area.height).toBeCloseTo(4 / 3);
  expect(area.x + area.width).toBeLessThan(HD.width);
  expect(area.y + area.height).toBeLessThan(HD.height);
});
