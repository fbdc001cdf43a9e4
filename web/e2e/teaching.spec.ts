/** Beside a broadcast: the instructor leads the conversation while viewers see it, and afterwards reads what came of it. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Locator, Page } from "@playwright/test";
import * as pages from "./support/pages";
import { look } from "./support/probe";
import { expect, openPage, test } from "./support/test";

test.use({ instance: "teaching" });

test.describe.configure({ mode: "serial" });

const TITLE = "Led from the studio";

/** Pages that stay open from one test to the next. */
let teacher: Page;
let vera: Page;
let session: string;

test.beforeAll(async ({ browser, server }) => {
  teacher = await openPage(browser, server);
  vera = await openPage(browser, server);
  await pages.setUp(teacher, server.setupLink);
  await signUp(vera, "Vera Viewer");
  session = await pages.planClass(teacher, TITLE);
  await pages.openBroadcast(teacher, session);
  await pages.goLive(teacher);
  await pages.openWatch(vera, session);
  await look(vera, 10);
});

test.afterAll(async () => {
  await teacher?.context().close();
  await vera?.context().close();
});

test("a poll is made, voted in, closed and opened again", async () => {
  await tab(teacher, "Polls");
  await tab(vera, "Polls");
  await teacher.getByRole("button", { name: "New poll" }).click();
  await teacher.getByLabel("Question", { exact: true }).fill("Tea or coffee?");
  await teacher.getByLabel("Answer 1").fill("Tea");
  await teacher.getByLabel("Answer 2").fill("Coffee");
  await teacher.getByRole("button", { name: "Start poll" }).click();
  await vera.getByText("Coffee", { exact: true }).click();
  await vera.getByRole("button", { name: "Vote", exact: true }).click();
  await expect(teacher.locator("[data-votes='1']")).toContainText("100%");

  await teacher.getByRole("button", { name: "Close poll" }).click();
  await expect(vera.getByText("Closed", { exact: true })).toBeVisible();
  await teacher.getByRole("button", { name: "Open again" }).click();
  await expect(vera.getByText("You voted")).toBeVisible();
});

test("a question is answered, for everybody to see", async () => {
  await tab(vera, "Questions");
  await vera.getByRole("textbox", { name: "Your question" }).fill("Is there a replay?");
  await vera.getByRole("button", { name: "Ask", exact: true }).click();
  await tab(teacher, "Questions");
  await choose(teacher.locator("[data-question]"), "Mark as answered");
  await expect(vera.locator("[data-question]")).toContainText("Answered");
});

test("messages are pinned and deleted", async () => {
  await tab(vera, "Chat");
  await tab(teacher, "Chat");
  await say(vera, "The slides are at example.org");
  await say(vera, "Buy my watches");
  await choose(line(teacher, "The slides are"), "Pin");
  await expect(vera.getByText("Pinned message:")).toBeVisible();
  await choose(line(teacher, "Buy my watches"), "Delete message");
  await expect(line(vera, "Buy my watches")).toHaveCount(0);
});

test("somebody is muted for a while, and let write again", async () => {
  await choose(line(teacher, "The slides are"), "Mute for 10 minutes");
  const silenced = teacher.getByText("1 person cannot write");
  await expect(silenced).toBeVisible();
  await write(vera, "Can you hear me?");
  await expect(vera.getByRole("alert")).toHaveText(
    "You cannot write now. The host has muted you for a while; you can go on reading.",
  );
  await silenced.click();
  await teacher.getByRole("button", { name: "Let write" }).click();
  await expect(silenced).toHaveCount(0);
  await say(vera, "Can you hear me now?");
  await expect(line(teacher, "Can you hear me now?")).toBeVisible();
});

test("somebody is removed from the class, and the picture with them", async ({ open }) => {
  const guest = await open();
  await signUp(guest, "Gus Guest");
  await pages.openWatch(guest, session);
  await look(guest, 10);
  await say(guest, "You are all fools");
  await choose(line(teacher, "You are all fools"), "Remove from this class");
  await expect(guest.getByText("You cannot take part in this class. The host has closed it for you")).toBeVisible();
  await write(guest, "You cannot stop me");
  await expect(guest.getByRole("alert").filter({ hasText: "You cannot take part in this class." })).toBeVisible();
  await expect(line(teacher, "You cannot stop me")).toHaveCount(0);
  // Nobody else loses theirs.
  await look(vera, 5);
});

test("while it is live, the admin's pages count it", async () => {
  const admin = await teacher.context().newPage();
  await admin.goto("/admin");
  const figure = (name: string) => admin.locator(`[data-figure="${name}"]`);
  await expect(figure("publishers")).toHaveAttribute("data-value", "1");
  await expect(figure("viewers")).toHaveAttribute("data-value", "1");
  await expect.poll(async () => Number(await figure("bitrate").getAttribute("data-value"))).toBeGreaterThan(50_000);
  await admin.goto("/admin/recordings");
  await expect(admin.getByRole("row", { name: TITLE })).toContainText("Live");
  await expect.poll(async () => Number(await figure("used").getAttribute("data-value"))).toBeGreaterThan(10_000);
  await admin.goto("/admin/jobs");
  const runs = admin.getByRole("table", { name: "Daily work" }).getByRole("row", { name: "Remove expired replays" });
  await expect(runs.first()).toBeVisible();
  const before = await runs.count();
  await admin.getByRole("button", { name: "Remove expired replays" }).click();
  await expect(runs).toHaveCount(before + 1);
  await admin.close();
});

test("a setting that is changed takes effect at once", async ({ open }) => {
  const admin = await teacher.context().newPage();
  await admin.goto("/admin/settings");
  await admin.getByLabel("Words that are not allowed").fill("watches");
  await admin.getByLabel("People may make accounts").uncheck();
  await admin.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByText("Saved")).toBeVisible();
  await write(vera, "Cheap WATCHES");
  await expect(vera.getByRole("alert")).toHaveText("This has a word that is not allowed here. Say it in other words.");
  const visitor = await open();
  await visitor.goto("/login");
  await expect(visitor.getByRole("button", { name: "Sign in" })).toBeVisible();
  await expect(visitor.getByRole("link", { name: "Create one" })).toHaveCount(0);
  await admin.close();
});

test("after the end, the analytics tell what happened, and so does their table", async () => {
  await pages.endClass(teacher);
  await teacher.goto(`/instructor/streams/${session}/analytics`);
  const wanted = { peakViewers: 2, uniqueViewers: 2, chatMessages: 3, chatters: 2, pollVotes: 1, questions: 1 };
  for (const [name, value] of Object.entries(wanted)) {
    await expect(teacher.locator(`[data-figure="${name}"]`), name).toHaveAttribute("data-value", String(value));
  }
  await expect(teacher.getByRole("img", { name: "Viewers over time" })).toBeVisible();

  const download = teacher.waitForEvent("download");
  await teacher.getByRole("link", { name: "Download CSV" }).click();
  const rows = (await readFile(await (await download).path(), "utf8")).split("\r\n");
  expect(rows[0]).toBe("metric,at,value");
  expect(rows).toContain(`title,,${TITLE}`);
  for (const [name, value] of Object.entries(wanted)) expect(rows).toContain(`${name},,${value}`);
});

test("a picture of one's own is what viewers see of the class", async () => {
  const picture = await vera.evaluate(async () => {
    const canvas = new OffscreenCanvas(640, 360);
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.fillStyle = "rgb(200, 30, 90)";
    context.fillRect(0, 0, 640, 360);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    return [...bytes];
  });
  await teacher.goto(`/instructor/streams/${session}/edit`);
  const file = { name: "class.png", mimeType: "image/png", buffer: Buffer.from(picture) };
  await teacher.getByLabel("Picture", { exact: true }).setInputFiles(file);
  await expect(teacher.getByRole("img", { name: "The picture of this class" })).toBeVisible();
  await teacher.getByRole("button", { name: "Save" }).click();
  await expect(teacher).toHaveURL(/\/instructor\/streams$/);

  await vera.goto("/streams");
  const seen = vera.locator(`[data-session="${session}"] img`);
  await expect.poll(() => seen.evaluate(middle)).toEqual([200, 30, 90]);
});

test("the whole replay is downloaded as one film that plays", async () => {
  await teacher.goto("/instructor/streams");
  const card = teacher.getByRole("article", { name: TITLE });
  await card.getByRole("button", { name: /^More for/ }).click();
  const download = teacher.waitForEvent("download");
  await teacher.getByRole("menuitem", { name: "Download replay" }).click();
  const film = await download;
  expect(film.suggestedFilename()).toMatch(/\.mp4$/);
  const { stdout } = await promisify(execFile)("ffprobe", [
    ..."-v error -show_entries stream=codec_type,nb_read_frames -show_entries format=duration -count_frames -of json".split(
      " ",
    ),
    await film.path(),
  ]);
  const { streams, format } = JSON.parse(stdout) as {
    streams: { codec_type: string; nb_read_frames: string }[];
    format: { duration: string };
  };
  const frames = (kind: string) => Number(streams.find((one) => one.codec_type === kind)?.nb_read_frames);
  expect(Number(format.duration)).toBeGreaterThan(5);
  expect(frames("video")).toBeGreaterThan(60);
  expect(frames("audio")).toBeGreaterThan(200);
});

/** Colour of the middle of a picture, rounded to what JPEG leaves of it. */
function middle(element: Element): number[] {
  const image = element as HTMLImageElement;
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  if (!context || image.naturalWidth === 0) return [];
  context.drawImage(image, image.naturalWidth / 2, image.naturalHeight / 2, 1, 1, 0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue].map((part) => Math.round(part / 10) * 10);
}

async function signUp(page: Page, name: string): Promise<void> {
  const email = `${name.split(" ")[0]?.toLowerCase()}@example.org`;
  const made = await page.request.post("/api/auth/signup", {
    data: { name, email, password: "another good password" },
  });
  expect(made.status(), await made.text()).toBe(201);
}

const tab = (page: Page, name: string) => page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();

const line = (page: Page, text: string) =>
  page.getByRole("log", { name: "Chat" }).locator("li").filter({ hasText: text });

/** Writes into the chat and sends it. */
async function write(page: Page, message: string): Promise<void> {
  const box = page.getByRole("textbox", { name: "Your message" });
  await box.fill(message);
  await box.press("Enter");
}

/** The same, for what is taken. */
async function say(page: Page, message: string): Promise<void> {
  await write(page, message);
  await expect(page.getByRole("textbox", { name: "Your message" })).toHaveValue("");
}

/** Opens the menu of a message or a question, and chooses from it. */
async function choose(one: Locator, item: string): Promise<void> {
  await one.getByRole("button", { name: /what to do$/ }).click();
  await one.page().getByRole("menuitem", { name: item, exact: true }).click();
}
