/** What the conversation beside a class does in its reader's hands; the server's side is made up. */
import type { Page } from "@playwright/test";
import { setScene, watchPath } from "./support/scene";
import { expect, test } from "./support/test";

test.use({ instance: "conversation" });

/** A message of somebody else, as the server tells it. */
const said = (number: number, message = `Message ${number}`) => ({
  id: `0195e000-0000-7000-8000-00000001${String(number).padStart(4, "0")}`,
  sessionId: "0195e000-0000-7000-8000-000000000001",
  userId: "0195e000-0000-7000-8000-000000000901",
  userName: "Sarah van Dijk",
  userInitials: "SD",
  message,
  isHost: false,
  isPinned: false,
  createdAt: "2026-03-28T12:30:00Z",
});

const log = (page: Page) => page.getByRole("log", { name: "Chat" });

test("the chat follows the newest message only for who is there, and counts the rest", async ({ open }) => {
  const page = await open();
  const scene = await setScene(page);
  await page.goto(watchPath("soon"));
  await expect(log(page)).toContainText("Vraag altijd");
  for (let number = 1; number <= 30; number += 1) scene.tell("chat:message", said(number));
  await expect(log(page).getByText("Message 30")).toBeInViewport();

  await log(page).evaluate((element) => element.scrollTo({ top: 0 }));
  await expect(page.getByRole("button", { name: "To the newest" })).toBeVisible();
  scene.tell("chat:message", said(31));
  scene.tell("chat:message", said(32));
  await expect(page.getByRole("button", { name: "2 new messages" })).toBeVisible();
  await expect(log(page).getByText("Vraag altijd")).toBeInViewport();
  await page.getByRole("button", { name: "2 new messages" }).click();
  await expect(log(page).getByText("Message 32")).toBeInViewport();
});

test("another tab marks what was said meanwhile", async ({ open }) => {
  const page = await open();
  const scene = await setScene(page);
  await page.goto(watchPath("soon"));
  await expect(log(page)).toContainText("Vraag altijd");
  await page.getByRole("tab", { name: "Polls" }).click();
  scene.tell("chat:message", said(1));
  await expect(page.getByRole("tab", { name: "Chat 1 new message" })).toBeVisible();
  await page.getByRole("tab", { name: /^Chat/ }).click();
  await expect(page.getByRole("tab", { name: "Chat", exact: true })).toBeVisible();
});

test("a message that is refused stays, with the reason and how long to wait", async ({ open }) => {
  const page = await open();
  await setScene(page);
  await page.route("**/chat", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({
          status: 429,
          headers: { "Retry-After": "3", "Content-Type": "application/problem+json" },
          body: JSON.stringify({ type: "/problems/chat-too-fast", title: "Too Many Requests", status: 429 }),
        })
      : route.fallback(),
  );
  await page.goto(watchPath("soon"));
  const box = page.getByRole("textbox", { name: "Your message" });
  await box.fill("And another one");
  await box.press("Enter");
  await expect(page.getByText(/That was a lot at once. You can write again in \d seconds?./)).toBeVisible();
  await expect(box).toHaveValue("And another one");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeEnabled();

  await box.fill("x".repeat(501));
  await expect(page.getByText("501 of 500")).toBeVisible();
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeDisabled();
});

test("deleted and pinned messages, and the end of the class, are seen at once", async ({ open }) => {
  const page = await open();
  const scene = await setScene(page);
  await page.goto(watchPath("soon"));
  await expect(log(page)).toContainText("Vraag altijd");
  scene.tell("chat:message", said(1, "Buy my watches"));
  await expect(log(page)).toContainText("Buy my watches");
  scene.tell("chat:deleted", { id: said(1).id });
  await expect(log(page)).not.toContainText("Buy my watches");
  scene.tell("chat:pinned", { message: said(2, "Slides: example.org/slides") });
  await expect(page.getByText("Slides: example.org/slides")).toBeVisible();
});

test("a vote is sent by keyboard alone, and the bars move", async ({ open }) => {
  const page = await open();
  const scene = await setScene(page, {
    answers: {
      "POST /api/live/polls/0195e000-0000-7000-8000-000000000700/vote": {
        success: true,
        poll: { totalVotes: 41, userVoted: true, userVoteOptionId: "0195e000-0000-7000-8000-000000000702" },
      },
    },
  });
  await page.goto(watchPath("live"));
  const chat = page.getByRole("tab", { name: "Chat" });
  await chat.focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Polls" })).toBeFocused();
  const options = page.getByRole("radio");
  await options.first().focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await expect(options.nth(1)).toBeChecked();
  await page.keyboard.press("Enter");
  await expect(page.getByText("You voted")).toBeVisible();
  expect(scene.sent.find((one) => one.includes("/vote"))).toContain("0195e000-0000-7000-8000-000000000702");
  scene.tell("poll:update", {
    pollId: "0195e000-0000-7000-8000-000000000700",
    optionId: "0195e000-0000-7000-8000-000000000704",
    voteCount: 41,
    totalVotes: 67,
  });
  await expect(page.getByText("67 votes")).toBeVisible();
  await expect(page.locator("[data-votes='41']")).toContainText("61%");
});

test("reactions float over the picture and go away", async ({ open }) => {
  const page = await open();
  const scene = await setScene(page);
  await page.goto(watchPath("live"));
  await page.getByRole("button", { name: "Send 👏" }).click();
  expect(scene.sent.some((one) => one.includes('/reactions {"emoji":"👏"}'))).toBe(true);
});
