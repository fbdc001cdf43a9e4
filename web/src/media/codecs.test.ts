import { expect, test } from "vitest";
import { preferRecordable } from "./codecs";

test("H.264 first, its packetization mode 1 before 0; VP8 after what HLS can carry; repair formats last", () => {
  const offered = [
    { mimeType: "video/VP8" },
    { mimeType: "video/rtx" },
    { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=0;profile-level-id=42001f" },
    { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1;profile-level-id=42e01f" },
    { mimeType: "video/AV1" },
    { mimeType: "video/VP9" },
  ];
  expect(preferRecordable(offered)).toEqual([offered[3], offered[2], offered[5], offered[4], offered[0], offered[1]]);
});
