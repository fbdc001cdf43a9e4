/** Loading, empty, failed and offline states of viewers' pages: each says what it is, and axe finds nothing in any of them. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { CLASSES, type Scene, setScene, watchPath } from "./support/scene";
import { expect, test } from "./support/test";

test.use({ instance: "states" });

const SESSIONS = "/api/live/sessions";
const idOf = (which: keyof typeof CLASSES) => (CLASSES[which] as { id: string }).id;

interface State {
  name: string;
  path: string;
  answers?: Record<string, unknown>;
  signedIn?: boolean;
  /** What one reads then. */
  says: string | RegExp;
  act?: (page: Page, scene: Scene) => Promise<void>;
}

const STATES: State[] = [
  { name: "classes", path: "/streams", says: "Live Coaching: Bezwaarhandeling" },
  { name: "classes, signed out", path: "/streams", signedIn: false, says: "Sign in" },
  { name: "classes, loading", path: "/streams", answers: { [SESSIONS]: "hang" }, says: "Loading" },
  {
    name: "no classes",
    path: "/streams",
    answers: { [SESSIONS]: { sessions: [], hasMore: false } },
    says: "No classes yet",
  },
  { name: "classes, refused", path: "/streams", answers: { [SESSIONS]: 500 }, says: "The server made a mistake." },
  { name: "no class found", path: "/streams?q=nothing", says: "No class matches" },
  { name: "waiting room", path: watchPath("soon"), says: "The class has not started yet" },
  { name: "no access, signed out", path: watchPath("afterTheChange"), signedIn: false, says: "Sign in to watch" },
  { name: "enrolment", path: watchPath("afterTheChange"), says: "This class costs 5 tokens. You have 20 tokens." },
  {
    name: "too few tokens",
    path: watchPath("afterTheChange"),
    answers: { "/api/tokens/balance": { balance: 2 } },
    says: "You are short of 3 tokens.",
  },
  { name: "no replay", path: watchPath("gone"), says: "This class has ended" },
  { name: "no such class", path: "/streams/0195e000-0000-7000-8000-00000000ffff/watch", says: "This does not exist." },
  { name: "a class that cannot be played", path: watchPath("live"), says: "The class cannot be played" },
  {
    name: "what is wrong",
    path: watchPath("live"),
    says: "Your access has ended.",
    act: (page) => page.getByRole("button", { name: "What is wrong?" }).click(),
  },
  {
    name: "chat that cannot be read",
    path: watchPath("soon"),
    answers: { [`${SESSIONS}/${idOf("soon")}/chat`]: 503 },
    says: "The server is too busy.",
  },
  {
    name: "empty chat",
    path: watchPath("soon"),
    answers: { [`${SESSIONS}/${idOf("soon")}/chat`]: { messages: [], hasMore: false, pinned: null } },
    says: "Nobody has said anything yet.",
  },
  {
    name: "polls",
    path: watchPath("live"),
    says: "Prijsbezwaren",
    act: (page) => page.getByRole("tab", { name: "Polls" }).click(),
  },
  {
    name: "questions",
    path: watchPath("live"),
    says: "Is er een opname?",
    act: (page) => page.getByRole("tab", { name: "Questions" }).click(),
  },
  { name: "account", path: "/account", says: "Where you are signed in" },
  { name: "account, signed out", path: "/account", signedIn: false, says: "Create account" },
  {
    name: "account that cannot be read",
    path: "/account",
    answers: { "/api/notifications/preferences": 500 },
    says: "The server made a mistake.",
  },
  {
    name: "leaving for good",
    path: "/account",
    says: "disappear for good",
    act: (page) => page.getByRole("button", { name: "Delete account…" }).click(),
  },
  { name: "receipts", path: "/tokens", says: "Enrolled for a class" },
  {
    name: "no receipts",
    path: "/tokens",
    answers: { "/api/tokens/transactions": { transactions: [], hasMore: false } },
    says: "No receipts yet",
  },
  { name: "library", path: "/workouts", says: "De eerste minuut" },
  {
    name: "empty library",
    path: "/workouts",
    answers: { "/api/workouts": { workouts: [], hasMore: false } },
    says: "The library is still empty",
  },
  { name: "instructor", path: "/instructors/0195e000-0000-7000-8000-00000000b001", says: "34 followers" },
  { name: "login", path: "/login", signedIn: false, says: "Go on with Google" },
  {
    name: "login that came back",
    path: "/login?problem=oidc-cancelled",
    signedIn: false,
    says: "You stopped signing in there.",
  },
  {
    name: "a link by mail",
    path: "/login",
    signedIn: false,
    says: "Send the link",
    act: (page) => page.getByRole("button", { name: "Mail me a link instead" }).click(),
  },
  {
    name: "a link that is used up",
    path: "/login/link?token=x",
    signedIn: false,
    says: /does not exist|no longer works/,
    act: (page) => page.getByRole("button", { name: "Sign in" }).click(),
  },
  { name: "sign-up", path: "/signup", signedIn: false, says: "Create an account" },
  { name: "no such page", path: "/nowhere", says: "Page not found" },
];

for (const { name, path, answers = {}, signedIn = true, says, act } of STATES) {
  test(name, async ({ open }) => {
    const page = await open();
    const scene = await setScene(page, { signedIn, answers });
    await page.goto(path);
    await act?.(page, scene);
    const visible = page.getByText(says).filter({ visible: true }).first();
    // What is only for screen readers counts as well.
    await expect(says === "Loading" ? page.getByRole("status").first() : visible).toBeVisible();
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(page);
  });
}

test("a page that loses its network says so, and goes on when it is back", async ({ open }) => {
  const page = await open();
  await setScene(page);
  await page.goto(watchPath("soon"));
  await expect(page.getByText("Vraag altijd: vergeleken waarmee?")).toBeVisible();
  await page.context().setOffline(true);
  await expect(page.getByText("You are offline.")).toBeVisible();
  await expect(page.getByText("Connection lost; trying again.").first()).toBeVisible();
  await expectAccessible(page);
  await page.context().setOffline(false);
  await expect(page.getByText("You are offline.")).toHaveCount(0);
  await expect(page.getByText("Connection lost; trying again.")).toHaveCount(0);
});
