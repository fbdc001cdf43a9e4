import { expect, test } from "vitest";
import { levelOf } from "./level-meter";

test.each([
  ["silence", 0, 0],
  ["half of full scale", 0.5, 0.9],
  ["full scale", 1, 1],
])("%s", (_, amplitude, level) => {
  expect(levelOf(new Float32Array(64).fill(amplitude))).toBeCloseTo(level, 1);
});
