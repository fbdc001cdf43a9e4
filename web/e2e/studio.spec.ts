/** An instructor's day: plan, broadcast, share the screen, end, look back; and what an admin does beside it. */
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import * as pages from "./support/pages";
import { connectionsMade, look, received } from "./support/probe";
import { expect, openPage, test } from "./support/test";

test.use({ instance: "studio" });

test.describe.configure({ mode: "serial" });

/** Pages that stay open from one test to the next. */
let teacher: Page;
let viewer: Page;
let session: string;

test.beforeAll(async ({ browser, server }) => {
  teacher = await openPage(browser, server);
  viewer = await openPage(browser, server);
  await pages.setUp(teacher, server.setupLink);
});

test.afterAll(async () => {
  await teacher?.context().close();
  await viewer?.context().close();
});

/** What the broadcast page says of its connection. */
function figure(name: string): Promise<number> {
  return teacher.locator(`[data-figure="${name}"]`).evaluate((element) => Number(element.getAttribute("data-value")));
}

/** Size of the picture that the viewer sees. */
function seen(): Promise<{ width: number; height: number }> {
  return viewer.evaluate(() => {
    const video = document.querySelector("video");
    return { width: video?.videoWidth ?? 0, height: video?.videoHeight ?? 0 };
  });
}

/** The strongest colour at a place of the viewer's picture, in shares of its width and height. */
function colour(x: number, y: number): Promise<string | undefined> {
  return viewer.evaluate(
    ([across, down]) => {
      const video = document.querySelector("video");
      const context = new OffscreenCanvas(1, 1).getContext("2d");
      if (!video || !context) return undefined;
      context.drawImage(video, video.videoWidth * across, video.videoHeight * down, 1, 1, 0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
      return red > green && red > blue ? "red" : green > blue ? "green" : "blue";
    },
    [x, y] as const,
  );
}

test("the picture goes out in three sizes", async () => {
  session = await pages.planClass(teacher, "A day in the studio");
  await pages.openBroadcast(teacher, session);
  await pages.goLive(teacher);
  await pages.openWatch(viewer, session);
  await look(viewer, 10);
  await expect.poll(() => figure("sizes"), { timeout: 20_000 }).toBe(3);
  await expect.poll(() => figure("bitrate")).toBeGreaterThan(100_000);
});

test("the screen takes the camera's place, and the camera comes back, on the same connection", async () => {
  const before = await connectionsMade(viewer);
  await teacher.getByRole("radio", { name: "Screen", exact: true }).click();
  await expect.poll(async () => (await seen()).width).not.toBe(1280);
  const frames = (await received(viewer)).framesDecoded;
  await expect.poll(async () => (await received(viewer)).framesDecoded).toBeGreaterThan(frames + 20);
  await teacher.getByRole("radio", { name: "Screen and camera" }).click();
  await expect.poll(async () => (await received(viewer)).framesDecoded).toBeGreaterThan(frames + 80);
  // The camera's blue ground in the corner of the green screen.
  await expect.poll(() => colour(0.95, 0.9)).toBe("blue");
  expect(await colour(0.3, 0.9)).toBe("green");
  await teacher.getByRole("radio", { name: "Camera", exact: true }).click();
  await look(viewer, 10);
  expect(await connectionsMade(viewer)).toBe(before);
});

test("the key for other programs is shown, and replaced by a new one", async () => {
  const shown = teacher.getByTestId("stream-key");
  await expect(shown).toHaveText(/^•+$/);
  await teacher.getByRole("button", { name: "Show key" }).click();
  await expect(shown).toHaveText(/^sk_/);
  const before = await shown.textContent();
  await teacher.getByRole("button", { name: "New key" }).click();
  await teacher.getByRole("alertdialog").getByRole("button", { name: "New key" }).click();
  await expect(shown).not.toHaveText(before ?? "");
  await expect(shown).toHaveText(/^sk_/);
});

test("a class that has ended stands in the list, found by its title and state", async () => {
  await pages.endClass(teacher);
  await teacher.getByRole("link", { name: "Your classes" }).click();
  await teacher.getByLabel("Search by title").fill("STUDIO");
  await teacher.getByLabel("Status").selectOption("ended");
  await expect(teacher).toHaveURL(/search=STUDIO/);
  const card = teacher.getByRole("article", { name: "A day in the studio" });
  await expect(card.getByRole("link", { name: /^Replay/ })).toBeVisible();
  await expect(card).toContainText(/Most viewers\s*1/);
  await teacher.getByLabel("Status").selectOption("cancelled");
  await expect(card).toHaveCount(0);
});

test("a weekly class is planned, changed as a whole, and cancelled with one date left out", async () => {
  await teacher.goto("/instructor/streams/create");
  await teacher.getByRole("textbox", { name: "Title" }).fill("Every week");
  await teacher.getByLabel("Date", { exact: true }).fill("2099-03-18");
  await teacher.getByLabel("Start", { exact: true }).fill("14:00");
  await teacher.getByLabel("Repeats").selectOption({ label: "Every week" });
  await teacher.getByLabel("Ends").selectOption({ label: "After a number of classes" });
  await teacher.getByLabel("Number of classes").fill("3");
  // Summer time begins on 29 March 2099: the class keeps its hour.
  await expect(teacher.getByTestId("dates").getByRole("listitem")).toHaveText([
    /18 March 2099, 14:00 – 15:00/,
    /25 March 2099, 14:00 – 15:00/,
    /1 April 2099, 14:00 – 15:00 · the clocks have changed/,
  ]);
  await teacher.getByRole("button", { name: "Plan class" }).click();
  const cards = teacher.getByRole("article", { name: "Every week" });
  await expect(cards).toHaveCount(3);
  await expect(cards.last()).toContainText("14:00 – 15:00");

  await choose(cards.first(), "Cancel class");
  await teacher.getByRole("alertdialog").getByRole("button", { name: "Cancel class" }).click();
  await expect(cards).toHaveCount(2);
  await choose(cards.first(), "Edit");
  await teacher.getByRole("textbox", { name: "Title" }).fill("Every single week");
  await teacher.getByLabel("What to change").selectOption("all");
  await teacher.getByRole("button", { name: "Save" }).click();
  const renamed = teacher.getByRole("article", { name: "Every single week" });
  await expect(renamed).toHaveCount(2);
  await choose(renamed.first(), "Cancel whole series");
  await teacher.getByRole("alertdialog").getByRole("button", { name: "Cancel whole series" }).click();
  await expect(renamed.filter({ hasText: "Cancelled" })).toHaveCount(2);
});

test("a class is copied, and deleted after a question", async () => {
  await teacher.goto("/instructor/streams?status=ended");
  await choose(teacher.getByRole("article", { name: "A day in the studio" }), "Duplicate");
  await expect(teacher.getByRole("textbox", { name: "Title" })).toHaveValue("A day in the studio");
  await expect(teacher.getByLabel(/^Public/)).toBeChecked();
  await teacher.getByRole("textbox", { name: "Title" }).fill("Another day");
  await teacher.getByRole("button", { name: "Plan class" }).click();
  await expect(teacher.getByRole("heading", { level: 1, name: "Another day" })).toBeVisible();
  await teacher.goto("/instructor/streams");
  const copy = teacher.getByRole("article", { name: "Another day" });
  await choose(copy, "Delete");
  await teacher.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
  await expect(copy.getByRole("button", { name: /^More for/ })).toBeFocused();
  await choose(copy, "Delete");
  await teacher.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await expect(copy).toHaveCount(0);
});

test("the example data is loaded once, its replay plays, and it goes again", async () => {
  await teacher.goto("/admin");
  await teacher.getByRole("button", { name: "Load example data" }).click();
  await expect(teacher.getByText("The example data is loaded.")).toBeVisible();
  await viewer.goto("/streams");
  await viewer
    .getByRole("link", { name: /Discovery in practice/ })
    .first()
    .click();
  await pages.playReplay(viewer);
  expect(await pages.replayLength(viewer)).toBeGreaterThan(115);
  await pages.seek(viewer, 100);
  await teacher.getByRole("button", { name: "Remove example data" }).click();
  await teacher.getByRole("alertdialog").getByRole("button", { name: "Remove example data" }).click();
  await expect(teacher.getByRole("button", { name: "Load example data" })).toBeEnabled();
});

test("an admin gives tokens and another role", async ({ open }) => {
  const vera = await open();
  await vera.request.post("/api/auth/signup", {
    data: { name: "Vera Viewer", email: "vera@example.org", password: "another good password" },
  });
  await teacher.goto("/admin/users");
  await teacher.getByLabel("Search by name or e-mail").fill("vera");
  await teacher.getByRole("button", { name: "Give tokens to Vera Viewer" }).click();
  const dialog = teacher.getByRole("dialog");
  await dialog.getByRole("button", { name: "Give tokens" }).click();
  await expect(dialog.getByLabel("How many")).toBeFocused();
  await dialog.getByLabel("How many").fill("25");
  await dialog.getByLabel("Why").fill("Welcome");
  await dialog.getByRole("button", { name: "Give tokens" }).click();
  await expect(dialog).toHaveCount(0);
  expect((await (await vera.request.get("/api/tokens/balance")).json()).balance).toBe(25);
  await teacher.getByLabel("Role of Vera Viewer").selectOption("instructor");
  await expect.poll(async () => (await (await vera.request.get("/api/auth/me")).json()).user.role).toBe("instructor");
  await teacher.goto("/admin/audit");
  await expect(teacher.getByRole("row", { name: /grant/ })).toContainText("25");
});

test("a mail that could not be sent is tried again by an admin", async ({ server }) => {
  // Where mails are kept without an SMTP server there is a file: none can be written.
  const outbox = join(server.folder, "data", "outbox");
  await rm(outbox, { recursive: true, force: true });
  await writeFile(outbox, "");
  await teacher.request.post("/api/auth/magic-link", { data: { email: pages.ADMIN.email } });
  await teacher.goto("/admin/jobs");
  const job = teacher.getByRole("row", { name: /cannot write into/ });
  await expect(job).toBeVisible({ timeout: 20_000 });
  await rm(outbox);
  const id = await job.getAttribute("data-job");
  await job.getByRole("button", { name: /^Try again/ }).click();
  await expect(teacher.locator(`[data-job="${id}"]`)).toContainText("Done", { timeout: 20_000 });
  expect(await readdir(outbox)).not.toEqual([]);
});

/** Opens the menu of a class and chooses from it. */
async function choose(card: Locator, item: string): Promise<void> {
  await card.getByRole("button", { name: /^More for/ }).click();
  await teacher.getByRole("menuitem", { name: item, exact: true }).click();
}
