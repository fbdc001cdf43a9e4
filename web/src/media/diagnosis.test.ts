import { expect, test } from "vitest";
import { diagnose, type Facts, type Finding, report } from "./diagnosis";
import { LinkError } from "./peer-link";
import { SignalError } from "./signal";
import type { ViewerStats } from "./stats";

const GOOD: ViewerStats = {
  at: 0,
  fps: 30,
  width: 1280,
  height: 720,
  videoCodec: "H264",
  audioCodec: "opus",
  videoBps: 2_000_000,
  audioBps: 50_000,
  lossRatio: 0,
  rttMs: 20,
  transport: "udp",
  bufferMs: 50,
  framesDecoded: 0,
  framesDropped: 0,
  freezes: 0,
  frozenMs: 0,
};
const LIVE: Facts = {
  link: "live",
  flow: "flowing",
  problem: null,
  history: seconds({}),
  hasPicture: true,
  delayed: false,
};

/** Eight seconds that all are like this. */
function seconds(part: Partial<ViewerStats>): ViewerStats[] {
  return Array.from({ length: 8 }, (_, second) => ({ ...GOOD, framesDecoded: second * 30, ...part }));
}

const CASES: [string, Partial<Facts>, Finding][] = [
  ["all is well", {}, "fine"],
  ["a first attempt that takes its time", { link: "connecting", history: [] }, "fine"],
  ["packets do not get through", { link: "connecting", problem: new LinkError("no-path"), history: [] }, "udp-blocked"],
  ["and HLS took over", { link: "connecting", problem: new LinkError("no-path"), delayed: true }, "delayed"],
  ["a network that lets TCP alone through", { history: seconds({ transport: "tcp" }) }, "tcp"],
  ["picture data without a picture", { hasPicture: false }, "no-codec"],
  ["sound alone is no missing codec", { hasPicture: false, history: seconds({ videoBps: 0 }) }, "fine"],
  ["no codec in common", { link: "failed", problem: new SignalError("no codec", 406) }, "no-codec"],
  ["the right to watch is gone", { link: "failed", problem: new SignalError("no", 403) }, "access-ended"],
  ["the server is not there", { link: "reconnecting", problem: new TypeError("fetch") }, "unreachable"],
  [
    "the server is down behind its proxy",
    { link: "reconnecting", problem: new SignalError("bad", 502) },
    "unreachable",
  ],
  ["the instructor's line is cut", { flow: "stalled" }, "not-sending"],
  ["every tenth packet is lost", { history: seconds({ lossRatio: 0.1 }) }, "lossy"],
  [
    "half of the pictures come too late for this device",
    { history: seconds({}).map((one, second) => ({ ...one, framesDropped: second * 30 })) },
    "slow-device",
  ],
  ["what is mended is past", { problem: new LinkError("interrupted") }, "fine"],
];

test.each(CASES)("%s", (_, part, finding) => {
  expect(diagnose({ ...LIVE, ...part })).toBe(finding);
});

test("the report tells all numbers and what went wrong", () => {
  const text = report({ ...LIVE, problem: new SignalError("no more", 403), link: "failed" }, { session: "class" });
  expect(text).toContain("session: class");
  expect(text).toContain("finding: access-ended");
  expect(text).toContain("problem: SignalError: no more");
  expect(text).toContain("videoCodec: H264");
});
