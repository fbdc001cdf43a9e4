import { expect, test } from "vitest";
import { parseStoryboard, tileAt } from "./storyboard";

const VTT = `WEBVTT

NOTE made while the class was live

00:00.000 --> 00:10.000
strip-0.jpg?sig=a#xywh=0,0,160,90

2
01:00:10.000 --> 01:00:20.500
/media/strip-1.jpg#xywh=160,0,160,90

00:20.000 --> 00:30.000
strip-0.jpg#xywh=0,0,0,0

00:30.000 --> 00:40.000
words of a caption
`;

test("cues with a rectangle are tiles, with their addresses made whole; others are left out", () => {
  expect(parseStoryboard(VTT.replaceAll("\n", "\r\n"), "https://class.example/api/hls/storyboard.vtt")).toEqual([
    { from: 0, to: 10, url: "https://class.example/api/hls/strip-0.jpg?sig=a", x: 0, y: 0, width: 160, height: 90 },
    { from: 3610, to: 3620.5, url: "https://class.example/media/strip-1.jpg", x: 160, y: 0, width: 160, height: 90 },
  ]);
});

test("a time has the tile that it lies in", () => {
  const tiles = parseStoryboard(VTT, "https://class.example/");
  expect(tileAt(tiles, 9.99)?.x).toBe(0);
  expect(tileAt(tiles, 10)).toBeUndefined();
  expect(tileAt(tiles, 3615)?.x).toBe(160);
});

test("what is no WebVTT has no tiles", () => {
  expect(parseStoryboard("<html>", "https://class.example/")).toEqual([]);
});
