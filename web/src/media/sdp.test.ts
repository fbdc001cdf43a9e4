import { expect, test } from "vitest";
import { askForStereo, restartedAnswer, restartFragment, startAt } from "./sdp";

const SDP = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "m=video 9 UDP/TLS/RTP/SAVPF 102 103 96",
  "a=rtpmap:102 H264/90000",
  "a=fmtp:102 profile-level-id=42e01f",
  "a=rtpmap:103 rtx/90000",
  "a=fmtp:103 apt=102",
  "a=rtpmap:96 VP8/90000",
  "",
].join("\r\n");

test("stereo is asked for Opus only, once", () => {
  const asked = askForStereo(SDP);
  expect(asked).toContain("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n");
  expect(asked.match(/stereo=1/g)).toHaveLength(1);
  expect(askForStereo(asked)).toBe(asked);
});

test("the start bitrate is given to every video codec, with or without parameters, and to no other", () => {
  const started = startAt(1500, SDP);
  expect(started).toContain("a=fmtp:102 profile-level-id=42e01f;x-google-start-bitrate=1500\r\n");
  expect(started).toContain("a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=1500\r\n");
  expect(started.match(/x-google/g)).toHaveLength(2);
});

test("a restart tells the new credentials, and takes the server's into the old answer", () => {
  const offer = ["v=0", "m=video 9 X", "a=ice-ufrag:new", "a=ice-pwd:newpwd", "a=ice-options:trickle", ""].join("\r\n");
  expect(restartFragment(offer)).toBe("a=ice-ufrag:new\r\na=ice-pwd:newpwd\r\na=ice-options:trickle\r\n");
  const section = (kind: string, extra: string[]) => [`m=${kind} 9 X`, "a=ice-ufrag:old", "a=ice-pwd:oldpwd", ...extra];
  const answer = ["v=0", ...section("video", ["a=candidate:1 old"]), ...section("audio", []), ""].join("\r\n");
  const fragment = "a=ice-ufrag:server\r\na=ice-pwd:serverpwd\r\nm=video 9 X\r\na=candidate:1 new\r\n";
  expect(restartedAnswer(answer, fragment).split("\r\n")).toEqual([
    "v=0",
    "m=video 9 X",
    "a=ice-ufrag:server",
    "a=ice-pwd:serverpwd",
    "a=candidate:1 new",
    "m=audio 9 X",
    "a=ice-ufrag:server",
    "a=ice-pwd:serverpwd",
    "",
  ]);
});

test("an offer without credentials restarts nothing", () => {
  expect(restartFragment("v=0\r\n")).toBeNull();
});
