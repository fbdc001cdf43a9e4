/**
 * The pages with made-up answers in place of the server's: always the same classes at the same time of the same day, and
 * every state that a real server shows only now and then. Page, scripts and styles are the real server's.
 */
import type { Page, Route, WebSocketRoute } from "@playwright/test";

/** Saturday, an hour and a half before the first class to come. */
export const NOW = Date.parse("2026-03-28T12:30:00Z");

const ANN = { id: "0195e000-0000-7000-8000-00000000a001", name: "Ann de Boer" };
const HOST = { id: "0195e000-0000-7000-8000-00000000b001", name: "Hugo Herbots" };
const HOUR_MS = 3_600_000;

const at = (hours: number) => new Date(NOW + hours * HOUR_MS).toISOString();
const uuid = (number: number) => `0195e000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** A class; what is not given is as for most. */
function session(number: number, part: object): object {
  return {
    id: uuid(number),
    title: "Live Q&A: Discovery Technieken",
    description: "Leer de E.P.I.C. methode voor ontdekkingsgesprekken.\nMet oefeningen in tweetallen.",
    scheduledDate: at(1.5),
    duration: 60,
    topic: "Fase 2 • Ontdekkingsfase",
    phaseId: 2,
    status: "upcoming",
    videoUrl: null,
    thumbnailUrl: null,
    viewerCount: 0,
    hasReminder: false,
    isPublic: false,
    level: "Beginner",
    priceInTokens: 5,
    isOpenToSubscribers: false,
    goesLiveWithMedia: true,
    isKeptForCatalogue: false,
    isEnrolled: false,
    totalEnrollments: 12,
    maxViewers: 0,
    instructorId: HOST.id,
    instructorName: HOST.name,
    timeZone: "Europe/Amsterdam",
    recordingEnabled: true,
    recordingAvailable: false,
    recordingExpiresAt: null,
    canWatch: false,
    canBroadcast: false,
    whepUrl: null,
    hlsUrl: null,
    actualStart: null,
    actualEnd: null,
    seriesId: null,
    ...part,
  };
}

/** The classes of the scene, by what they are for. */
export const CLASSES = {
  live: session(1, {
    status: "live",
    title: "Live Coaching: Bezwaarhandeling",
    phaseId: 4,
    viewerCount: 127,
    canWatch: true,
    isEnrolled: true,
    scheduledDate: at(-0.5),
    actualStart: at(-0.5),
  }),
  // The clocks go forward in the night before the second of these.
  soon: session(2, { isEnrolled: true, canWatch: true, hasReminder: true }),
  afterTheChange: session(3, {
    title: "Verantwoordelijkheidsgevoel en onderhandelingsvaardigheden in aankoopgesprekken",
    scheduledDate: at(25.5),
    phaseId: 3,
    topic: "Fase 3 • Aanbevelingsfase",
  }),
  far: session(4, {
    title: "Preparing the first call",
    scheduledDate: at(97),
    phaseId: 1,
    topic: null,
    level: null,
    priceInTokens: 0,
    timeZone: "America/New_York",
  }),
  open: session(5, { title: "Open evening", scheduledDate: at(120), isPublic: true, canWatch: true, phaseId: null }),
  replay: session(6, {
    title: "Prijs verdedigen",
    status: "ended",
    scheduledDate: at(-30),
    canWatch: true,
    isEnrolled: true,
    recordingAvailable: true,
    recordingExpiresAt: at(20),
    actualEnd: at(-29),
  }),
  gone: session(7, {
    title: "Kennismaking",
    status: "ended",
    scheduledDate: at(-300),
    recordingExpiresAt: at(-100),
    actualEnd: at(-299),
  }),
};

type Class = keyof typeof CLASSES;

/** Address of a class's watch page. */
export function watchPath(which: Class): string {
  return `/streams/${(CLASSES[which] as { id: string }).id}/watch`;
}

const USER = {
  ...ANN,
  email: "ann@example.org",
  role: "viewer",
  tier: "free",
  language: "nl",
  timeZone: "Europe/Amsterdam",
};

const line = (number: number, who: { id: string; name: string }, message: string, minutes: number) => ({
  id: uuid(500 + number),
  sessionId: uuid(1),
  userId: who.id,
  userName: who.name,
  userInitials: who === HOST ? "HH" : who === ANN ? "AB" : "SD",
  message,
  isHost: who === HOST,
  isPinned: false,
  createdAt: at(-0.5 + minutes / 60),
});
const SARAH = { id: uuid(901), name: "Sarah van Dijk" };
const CHAT = [
  line(1, HOST, "Welkom allemaal! Vandaag gaan we het hebben over bezwaarhandeling.", 2),
  line(2, SARAH, "Dank je Hugo! Ik heb hier echt moeite mee.", 3),
  line(3, ANN, "Welke vraag stel je het eerst als iemand zegt dat het te duur is?", 5),
  line(4, HOST, "Vraag altijd: vergeleken waarmee?", 6),
];

const POLL = {
  id: uuid(700),
  sessionId: uuid(1),
  question: "Waar loop je het meest tegenaan bij bezwaarhandeling?",
  isActive: true,
  options: [
    { id: uuid(701), text: "Prijsbezwaren", voteCount: 12 },
    { id: uuid(702), text: "Timing bezwaren (uitstel)", voteCount: 8 },
    { id: uuid(703), text: "Technische bezwaren", voteCount: 5 },
    { id: uuid(704), text: "Budgetbezwaren", voteCount: 15 },
  ],
  totalVotes: 40,
  userVoted: false,
  userVoteOptionId: null,
  createdAt: at(-0.2),
};

const QUESTIONS = [
  {
    id: uuid(801),
    sessionId: uuid(1),
    userId: SARAH.id,
    userName: SARAH.name,
    userInitials: "SD",
    question: "Wat doe je als de beslisser niet aan tafel zit?",
    upvotes: 7,
    userUpvoted: true,
    isAnswered: false,
    createdAt: at(-0.3),
  },
  {
    id: uuid(802),
    sessionId: uuid(1),
    userId: ANN.id,
    userName: ANN.name,
    userInitials: "AB",
    question: "Is er een opname?",
    upvotes: 2,
    userUpvoted: false,
    isAnswered: true,
    createdAt: at(-0.4),
  },
];

const receipt = (
  number: number,
  kind: string,
  amount: number,
  balanceAfter: number,
  reason: string,
  sessionId: string | null,
) => ({
  id: uuid(600 + number),
  kind,
  amount,
  balanceAfter,
  reason,
  metadata: {},
  sessionId,
  createdAt: at(-number * 24),
});
const RECEIPTS = [
  receipt(1, "enrolment", -5, 20, "Live Coaching: Bezwaarhandeling", uuid(1)),
  receipt(2, "refund", 5, 25, "Geannuleerde les", uuid(7)),
  receipt(3, "grant", 20, 20, "Welkom", null),
];

/** Answers by path; a function gets the address. */
type Answers = Record<string, unknown | ((url: URL) => unknown)>;

/** A server where everything works. */
function normal(signedIn: boolean): Answers {
  const all = Object.values(CLASSES) as { status: string }[];
  const conversation = (path: string, body: unknown) =>
    Object.fromEntries(
      (Object.values(CLASSES) as { id: string }[]).map(({ id }) => [`/api/live/sessions/${id}/${path}`, body]),
    );
  return {
    "/api/auth/me": { user: signedIn ? USER : null },
    "/api/setup": { needed: false },
    "/api/auth/providers": {
      passwords: true,
      signUp: true,
      providers: [
        { id: "google", name: "Google" },
        { id: "apple", name: "Apple" },
      ],
    },
    "/api/auth/sessions": {
      sessions: [
        {
          id: uuid(401),
          userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36",
          address: "192.0.2.7",
          createdAt: at(-50),
          seenAt: at(0),
          expiresAt: at(100),
          isThis: true,
        },
        {
          id: uuid(402),
          userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1",
          address: "192.0.2.9",
          createdAt: at(-50),
          seenAt: at(-5),
          expiresAt: at(100),
          isThis: false,
        },
      ],
    },
    "/api/calendar": { url: "https://lessen.example/api/calendar/geheim.ics" },
    "/api/notifications/preferences": {
      email: true,
      push: true,
      sms: false,
      phone: null,
      events: { reminder24h: true, reminder15m: true, newSession: false, replayExpires: true, enrolled: true },
    },
    "/api/tokens/balance": { balance: 20 },
    "/api/tokens/transactions": { transactions: RECEIPTS, hasMore: false },
    [`/api/instructors/${HOST.id}`]: { ...HOST, following: false, followers: 34, sessions: 7 },
    "/api/workouts": {
      workouts: [
        {
          id: uuid(301),
          title: "De eerste minuut",
          description: "Hoe je een gesprek opent.",
          durationMinutes: 45,
          thumbnailUrl: null,
          playbackId: null,
          hlsUrl: null,
          createdAt: at(-2000),
        },
      ],
      hasMore: false,
    },
    "/api/live/sessions": (url: URL) => {
      const search = url.searchParams.get("search")?.toLowerCase() ?? "";
      const fits = (one: { status: string; title?: string }) =>
        one.status === url.searchParams.get("status") && (one.title ?? "").toLowerCase().includes(search);
      return { sessions: all.filter(fits), hasMore: false };
    },
    ...Object.fromEntries(
      (Object.values(CLASSES) as { id: string }[]).map((one) => [`/api/live/sessions/${one.id}`, one]),
    ),
    ...conversation("chat", { messages: CHAT, hasMore: false, pinned: null }),
    ...conversation("polls", { polls: [POLL] }),
    ...conversation("questions", { questions: QUESTIONS }),
    ...conversation("hands", { hands: [] }),
  };
}

interface SceneOptions {
  signedIn?: boolean;
  /** Other answers than a normal server's, by path. `"hang"` never answers, a number is a problem of that status. */
  answers?: Answers;
}

/** What a test can do in a scene. */
export interface Scene {
  /** Tells the pages something over their socket. */
  tell: (type: string, data: unknown) => void;
  /** What the pages sent, as "METHOD /path body". */
  sent: string[];
}

/** Puts the answers in the server's place, for the pages that this tab opens from now on. */
export async function setScene(page: Page, { signedIn = true, answers = {} }: SceneOptions = {}): Promise<Scene> {
  await page.clock.setFixedTime(NOW);
  const known = { ...normal(signedIn), ...answers };
  const sockets = new Set<WebSocketRoute>();
  const sent: string[] = [];
  await page.routeWebSocket(/\/live\//, (socket) => void sockets.add(socket));
  await page.route(/\/(api|whep)\//, (route) => answer(route, known, sent));
  return {
    tell: (type, data) => {
      for (const socket of sockets) socket.send(JSON.stringify({ type, data }));
    },
    sent,
  };
}

async function answer(route: Route, known: Answers, sent: string[]): Promise<void> {
  const request = route.request();
  const url = new URL(request.url());
  const method = request.method();
  if (method !== "GET") sent.push(`${method} ${url.pathname} ${request.postData() ?? ""}`.trim());
  const found = known[`${method} ${url.pathname}`] ?? (method === "GET" ? known[url.pathname] : undefined);
  if (found === "hang") return;
  if (typeof found === "number") return problem(route, found, "refused");
  if (found === undefined) return problem(route, 404, "not-found");
  const body: unknown = typeof found === "function" ? found(url) : found;
  await route.fulfill({ json: body });
}

function problem(route: Route, status: number, code: string): Promise<void> {
  const body = JSON.stringify({ type: `/problems/${code}`, title: "Refused", status });
  return route.fulfill({ status, contentType: "application/problem+json", body });
}
