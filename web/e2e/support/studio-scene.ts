/** Made-up answers for the pages of instructors and admins: the same numbers on every run. */
import { CLASSES, NOW } from "./scene";

type Answers = Record<string, unknown>;

const HOUR_MS = 3_600_000;
const at = (hours: number) => new Date(NOW + hours * HOUR_MS).toISOString();
const uuid = (number: number) => `0195e000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** Who is signed in here. */
const ADMIN = {
  id: uuid(1001),
  name: "Ada van der Berg",
  email: "ada@example.org",
  role: "admin",
  tier: "team",
  language: "nl",
  timeZone: "Europe/Amsterdam",
  createdAt: at(-2000),
};

const own = (Object.values(CLASSES) as Record<string, unknown>[]).map((one, index) => ({
  ...one,
  canBroadcast: one.status === "live" || one.status === "upcoming",
  seriesId: index === 2 ? uuid(77) : null,
  revenueTokens: [635, 60, 0, 0, 0, 1240, 15][index] ?? 0,
  totalEnrollments: [127, 12, 0, 3, 44, 248, 3][index] ?? 0,
  maxViewers: [131, 0, 0, 0, 0, 203, 2][index] ?? 0,
}));

/** One of the own classes, by its place in the scene. */
export function ownClass(which: keyof typeof CLASSES): Record<string, unknown> & { id: string } {
  const { id } = CLASSES[which] as { id: string };
  return { ...own.find((one) => (one as unknown as { id: string }).id === id), id };
}

const ANALYTICS = {
  sessionId: uuid(6),
  points: Array.from({ length: 61 }, (_, minute) => ({
    at: at(-30 + minute / 60),
    viewers: Math.round(203 * Math.min(1, minute / 9) * (1 - Math.max(0, minute - 50) / 16)),
  })),
  joins: 322,
  leaves: 318,
  uniqueViewers: 248,
  peakViewers: 203,
  averageWatchSeconds: 2754,
  chatMessages: 411,
  chatters: 83,
  pollVotes: 190,
  reactions: 977,
  questions: 14,
  enrolments: 248,
  revenueTokens: 1240,
  replayViews: 91,
  replaySeconds: 151_200,
};

const OVERVIEW = {
  slots: [
    { weekday: 1, hour: 19, sessions: 3, averageViewers: 61.3 },
    { weekday: 3, hour: 14, sessions: 9, averageViewers: 142.7 },
    { weekday: 3, hour: 20, sessions: 2, averageViewers: 88 },
    { weekday: 6, hour: 10, sessions: 1, averageViewers: 24 },
  ],
  totals: { sessions: 15, enrolments: 1211, revenueTokens: 5890, peakViewers: 203, watchSeconds: 2_412_000 },
};

const HEALTH = {
  uptimeS: 361_200,
  version: "0.1.0",
  cpu: { processPercent: 43.2 },
  memoryBytes: 312_000_000,
  viewers: 127,
  publishers: 1,
  bitrateOutBps: 287_000_000,
  packetsOutPerS: 31_200,
  lossPercent: 0.4,
  joinMsP50: 212,
  forwardDelayMsP99: 2.1,
  recorderLagMs: 410,
  jobs: { ready: 4, dead: 1 },
  disk: { freeBytes: 81_200_000_000, totalBytes: 252_000_000_000 },
  alerts: [{ code: "jobs-dead", detail: "One mail could not be sent.", since: at(-2) }],
  reachability: "Viewers reach this server at 192.0.2.10, UDP and TCP port 8189.",
};

const USERS = [
  ADMIN,
  { ...ADMIN, id: uuid(1002), name: "Hugo Herbots", email: "hugo@example.org", role: "instructor", tier: "pro" },
  { ...ADMIN, id: uuid(1003), name: "Sarah van Dijk", email: "sarah@example.org", role: "viewer", tier: "free" },
];

const job = (number: number, part: object) => ({
  id: uuid(1100 + number),
  kind: "mail",
  summary: "Herinnering aan sarah@example.org",
  state: "ready",
  attempts: 0,
  runAt: at(1),
  lastError: null,
  server: null,
  createdAt: at(-1),
  updatedAt: at(-1),
  ...part,
});
const JOBS = {
  jobs: [
    job(1, { state: "dead", attempts: 8, lastError: "connection refused by mail.example.org:587" }),
    job(2, { state: "ready" }),
    job(3, { state: "done", kind: "storyboard", summary: "Prijs verdedigen", attempts: 1 }),
  ],
  counts: { ready: 4, running: 0, done: 211, dead: 1 },
  hasMore: true,
};

const RUNS = [
  {
    id: uuid(1201),
    name: "cleanup-recordings",
    startedAt: at(-10),
    finishedAt: at(-10),
    done: 3,
    failed: 0,
    error: null,
  },
  {
    id: uuid(1202),
    name: "migrate-streams-to-workouts",
    startedAt: at(-9),
    finishedAt: at(-9),
    done: 1,
    failed: 1,
    error: "the store did not answer",
  },
];

const RECORDINGS = {
  recordings: [
    {
      sessionId: uuid(6),
      title: "Prijs verdedigen",
      bytes: 1_312_000_000,
      durationS: 3605,
      state: "stored",
      expiresAt: at(20),
      error: null,
    },
    {
      sessionId: uuid(1),
      title: "Live Coaching: Bezwaarhandeling",
      bytes: 512_000_000,
      durationS: 1800,
      state: "live",
      expiresAt: null,
      error: null,
    },
    {
      sessionId: uuid(7),
      title: "Kennismaking",
      bytes: 0,
      durationS: 3000,
      state: "deleted",
      expiresAt: at(-100),
      error: null,
    },
  ],
  totalBytes: 1_824_000_000,
  freeBytes: 81_200_000_000,
};

const SETTINGS = [
  {
    key: "recording.retention_days",
    value: 7,
    kind: "number",
    description: "Days after the end for which a replay can be watched.",
  },
  {
    key: "conversation.banned_words",
    value: ["spam", "scam"],
    kind: "list",
    description: "Words that no message may hold.",
  },
  {
    key: "accounts.sign_up",
    value: true,
    kind: "boolean",
    description: "Whether people make accounts of their own.",
  },
];

const AUDIT = [
  {
    id: uuid(1301),
    at: at(-1),
    actorId: ADMIN.id,
    action: "tokens.grant",
    subjectId: uuid(1003),
    detail: { amount: 20, reason: "Welkom" },
  },
  {
    id: uuid(1302),
    at: at(-3),
    actorId: null,
    action: "session.cancel",
    subjectId: uuid(7),
    detail: { title: "Kennismaking", enrolments: 3 },
  },
];

/** A server where everything works, for an admin who teaches. */
export function studioAnswers(): Answers {
  return {
    "/api/auth/me": { user: ADMIN },
    "/api/instructor/streams": { sessions: own, hasMore: false },
    ...Object.fromEntries(
      (own as unknown as { id: string }[]).flatMap((one) => [
        [`/api/instructor/streams/${one.id}`, one],
        [`/api/instructor/streams/${one.id}/analytics`, ANALYTICS],
        [
          `/api/instructor/streams/${one.id}/ingest`,
          { whipUrl: `https://lessen.example/whip/${one.id}`, streamKey: "sk_geheim" },
        ],
      ]),
    ),
    "/api/instructor/analytics": OVERVIEW,
    "/api/admin/health": HEALTH,
    "/api/admin/sample": { loaded: false },
    "/api/admin/users": { users: USERS, hasMore: false },
    "/api/admin/jobs": JOBS,
    "/api/admin/runs": { runs: RUNS },
    "/api/admin/recordings": RECORDINGS,
    "/api/admin/settings": { settings: SETTINGS },
    "/api/admin/audit": { entries: AUDIT, hasMore: false },
  };
}
