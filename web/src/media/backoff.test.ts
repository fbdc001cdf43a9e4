import { expect, test, vi } from "vitest";
import { Backoff } from "./backoff";

test("delays double up to 8 s and start over after a reset", () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const backoff = new Backoff();
  expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  backoff.reset();
  expect(backoff.next()).toBe(500);
});

test("no delay is below half of its step", () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  expect(new Backoff().next()).toBe(250);
});
