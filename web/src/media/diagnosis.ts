/** Finds out why somebody does not see a live class as they should. Words for it are the page's business. */
import { LinkError, type LinkState } from "./peer-link";
import { SignalError } from "./signal";
import type { ViewerStats } from "./stats";
import type { Flow } from "./whep-client";

/**
 * - `fine`: nothing is wrong that we know of
 * - `delayed`: it plays by HLS, since no direct connection came about
 * - `udp-blocked`: the server answers, and no packet gets through
 * - `tcp`: it plays, over TCP, since UDP is blocked
 * - `no-codec`: this browser cannot decode what is sent
 * - `access-ended`: the server does not let us (any more)
 * - `unreachable`: the server is not reached at all
 * - `not-sending`: nobody sends
 * - `lossy`: the line loses packets
 * - `slow-device`: this device cannot decode as fast as pictures come
 */
export type Finding =
  | "fine"
  | "delayed"
  | "udp-blocked"
  | "tcp"
  | "no-codec"
  | "access-ended"
  | "unreachable"
  | "not-sending"
  | "lossy"
  | "slow-device";

/** What is known of a live connection. */
export interface Facts {
  link: LinkState;
  flow: Flow;
  problem: Error | null;
  /** Measurements, oldest first. */
  history: ViewerStats[];
  hasPicture: boolean;
  /** Plays by HLS instead. */
  delayed: boolean;
}

/** Picture data came for so many measurements, and nothing could be shown of it. */
const UNDECODED = 4;
/** Lost packets of the last measurements: beyond this the picture suffers. */
const LOSSY = 0.05;
/** Dropped pictures among those decoded: beyond this it stutters. */
const SLOW = 0.2;
/** Measurements, one a second, that a judgement looks back over. */
const RECENT = 8;

/** The most serious finding. */
export function diagnose(facts: Facts): Finding {
  const { link, flow, problem, history, hasPicture, delayed } = facts;
  if (problem && link !== "live") {
    const why = fault(problem);
    if (why) return delayed && why === "udp-blocked" ? "delayed" : why;
  }
  if (delayed) return "delayed";
  if (link !== "live") return "fine";
  const recent = history.slice(-RECENT);
  const withPicture = recent.filter((one) => one.videoBps > 0);
  if (!hasPicture && withPicture.length >= UNDECODED) return "no-codec";
  if (flow === "awaited" || flow === "stalled") return "not-sending";
  const losses = recent.map((one) => one.lossRatio ?? 0);
  if (losses.length >= UNDECODED && mean(losses) > LOSSY) return "lossy";
  if (dropped(recent) > SLOW) return "slow-device";
  return recent.at(-1)?.transport === "tcp" ? "tcp" : "fine";
}

/** All numbers as text, for whoever helps. It holds no token and no address. */
export function report(facts: Facts, about: Record<string, string>): string {
  const last = facts.history.at(-1);
  const numbers = last ? Object.entries(last).filter(([name]) => name !== "at") : [];
  const lines: [string, unknown][] = [
    ...Object.entries(about),
    ["finding", diagnose(facts)],
    ["link", facts.link],
    ["flow", facts.flow],
    ["problem", facts.problem ? `${facts.problem.name}: ${facts.problem.message}` : "none"],
    ...numbers,
  ];
  return lines.map(([name, value]) => `${name}: ${value ?? "–"}`).join("\n");
}

function fault(problem: Error): Finding | null {
  if (problem instanceof LinkError) return problem.kind === "no-path" ? "udp-blocked" : null;
  if (problem instanceof TypeError) return "unreachable";
  const status = problem instanceof SignalError || "status" in problem ? Number(problem.status) : Number.NaN;
  if ([401, 403, 404, 410].includes(status)) return "access-ended";
  if (status === 406 || status === 422) return "no-codec";
  return status >= 500 ? "unreachable" : null;
}

function dropped(recent: ViewerStats[]): number {
  const [first, last] = [recent[0], recent.at(-1)];
  if (!first || !last) return 0;
  const lost = last.framesDropped - first.framesDropped;
  const shown = last.framesDecoded - first.framesDecoded;
  return lost + shown > 0 ? lost / (lost + shown) : 0;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
