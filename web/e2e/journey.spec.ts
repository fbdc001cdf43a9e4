/** A viewer's way through the product on the real server: sign up, enrol, take part in a class, watch the replay. */
import type { Page } from "@playwright/test";
import * as pages from "./support/pages";
import { look } from "./support/probe";
import { expect, test } from "./support/test";

test.use({ instance: "journey" });

const PRICE = 5;

test("sign up, too few tokens, enrol, remind, talk with the class, vote, react, watch the replay", async ({
  server,
  open,
}) => {
  const teacher = await open();
  await pages.setUp(teacher, server.setupLink);
  const planned = await teacher.request.post("/api/instructor/streams/create", {
    data: {
      title: "Objections",
      scheduledStart: new Date(Date.now() + 3_600_000).toISOString(),
      durationMinutes: 60,
      priceInTokens: PRICE,
      timeZone: "Europe/Amsterdam",
    },
  });
  expect(planned.status(), await planned.text()).toBe(201);
  const { id } = (await planned.json()) as { id: string };

  const viewer = await open();
  await signUp(viewer, "Vera Viewer", "vera@example.org");
  await pages.openWatch(viewer, id);
  await expect(viewer.getByText("You are short of 5 tokens.")).toBeVisible();
  await grant(teacher, viewer, 20);
  await viewer.reload();
  await viewer.getByRole("button", { name: "Enrol" }).click();
  await expect(viewer.getByText("The class has not started yet")).toBeVisible();
  await expect(viewer.getByText("You are enrolled")).toBeVisible();
  await viewer.getByRole("button", { name: "Remind me" }).click();
  await expect(viewer.getByRole("button", { name: "Reminder set" })).toBeVisible();

  await pages.openBroadcast(teacher, id);
  await pages.goLive(teacher);
  await look(viewer, 30);

  // The same person who teaches, at the page that viewers see.
  const host = await teacher.context().newPage();
  await pages.openWatch(host, id);
  await say(viewer, "What if they say it is too dear?");
  await expect(log(host)).toContainText("What if they say it is too dear?");
  await say(host, "Ask: compared with what?");
  await expect(log(viewer).locator("li").filter({ hasText: "compared with what?" })).toContainText("Host");

  await host.getByRole("tab", { name: "Polls" }).click();
  await host.getByRole("button", { name: "New poll" }).click();
  await host.getByLabel("Question", { exact: true }).fill("Tea or coffee?");
  await host.getByLabel("Answer 1").fill("Tea");
  await host.getByLabel("Answer 2").fill("Coffee");
  await host.getByRole("button", { name: "Start poll" }).click();
  await viewer.getByRole("tab", { name: "Polls" }).click();
  await viewer.getByText("Coffee", { exact: true }).click();
  await viewer.getByRole("button", { name: "Vote", exact: true }).click();
  await expect(viewer.getByText("You voted")).toBeVisible();
  await expect(host.locator("[data-votes='1']")).toContainText("100%");

  await viewer.getByRole("button", { name: "Send 👏" }).click();
  await expect(host.locator("[data-reactions] span").first()).toHaveText("👏");
  await viewer.getByRole("button", { name: "Raise hand" }).click();
  await host.getByRole("tab", { name: /^Chat/ }).click();
  await expect(host.getByRole("region", { name: "Raised hands" })).toContainText("Vera Viewer");
  await host.close();

  await pages.endClass(teacher);
  await pages.playReplay(viewer);
  const length = await pages.replayLength(viewer);
  await pages.seek(viewer, length / 2);
  await expect(viewer.getByText("7 days left").first()).toBeVisible();
  await viewer.goto("/tokens");
  await expect(viewer.getByText("Enrolled for a class")).toBeVisible();
});

const log = (page: Page) => page.getByRole("log", { name: "Chat" });

async function signUp(page: Page, name: string, email: string): Promise<void> {
  await page.goto("/signup");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill("another good password");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("button", { name: `Account of ${name}` })).toBeVisible();
}

/** The admin gives the viewer tokens. */
async function grant(admin: Page, viewer: Page, amount: number): Promise<void> {
  const { user } = (await (await viewer.request.get("/api/auth/me")).json()) as { user: { id: string } };
  const given = await admin.request.post(`/api/admin/users/${user.id}/tokens`, { data: { amount, reason: "Welcome" } });
  expect(given.status(), await given.text()).toBe(201);
}

async function say(page: Page, message: string): Promise<void> {
  const box = page.getByRole("textbox", { name: "Your message" });
  await box.fill(message);
  await box.press("Enter");
  await expect(box).toHaveValue("");
}
