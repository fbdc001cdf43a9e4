/** The product's pages as a person uses them: by what they read and press. */
import { expect, type Page } from "@playwright/test";

/** The person who sets the server up in these tests. */
export const ADMIN = { name: "Ada Admin", email: "ada@example.org", password: "correct horse battery" };

/** Opens the set-up link, makes the first administrator, and ends signed in. */
export async function setUp(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Name", { exact: true }).fill(ADMIN.name);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await expect(page.getByRole("link", { name: "Teach" })).toBeVisible();
}

/** Plans a class for today, public if not said otherwise, and returns the session's id; ends on any page. */
export async function planClass(page: Page, title: string, { isPublic = true } = {}): Promise<string> {
  await page.getByRole("link", { name: "Teach" }).click();
  await page.getByRole("link", { name: "Plan a class" }).first().click();
  await page.getByRole("textbox", { name: "Title" }).fill(title);
  await page.getByLabel(/^Public/).setChecked(isPublic);
  const answer = page.waitForResponse((response) => response.url().endsWith("/api/instructor/streams/create"));
  await page.getByRole("button", { name: "Plan class" }).click();
  const response = await answer;
  expect(response.status(), await response.text()).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

/** Opens the broadcast page and waits for the camera's own picture. */
export async function openBroadcast(page: Page, id: string): Promise<void> {
  await page.goto(`/instructor/streams/${id}/broadcast`);
  const allow = page.getByRole("button", { name: "Allow the camera and microphone" });
  const live = page.getByRole("button", { name: "Go live" });
  await expect(allow.or(live).first()).toBeVisible();
  if (await allow.isVisible()) await allow.click();
  await expect(live).toBeEnabled();
  const preview = page.locator("video").first();
  await expect.poll(() => preview.evaluate((video: HTMLVideoElement) => video.videoWidth)).toBeGreaterThan(0);
}

/** Presses *Go live* and waits until the page says that it is. */
export async function goLive(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Go live" }).click();
  await expectLive(page);
}

/** Waits until the broadcast page says that it is live. */
export async function expectLive(page: Page): Promise<void> {
  await expect(page.getByText("You are live", { exact: true }).first()).toBeVisible();
}

/** Ends the class for everybody. */
export async function endClass(page: Page): Promise<void> {
  await page.getByRole("button", { name: "End class" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End class" }).click();
  await expect(page.getByText("Class has ended").first()).toBeVisible();
  // The camera's light goes out.
  await expect(page.getByRole("region", { name: "Your picture" })).toHaveCount(0);
  await expect(page.getByRole("alert")).toHaveCount(0);
}

/** Opens the watch page of a session. */
export async function openWatch(page: Page, id: string): Promise<void> {
  await page.goto(`/streams/${id}/watch`);
}

/** Starts the page's replay where its browser waits for that, with sound, and waits until it moves. */
export async function playReplay(page: Page, timeoutMs = 30_000): Promise<void> {
  await page.waitForFunction(
    () => {
      const video = document.querySelector("video");
      if (!video || video.srcObject || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return false;
      if (video.paused) void video.play().catch(() => undefined);
      return video.currentTime > 0 && !video.paused;
    },
    undefined,
    { timeout: timeoutMs, polling: 100 },
  );
}

/** Length of the page's replay, seconds. */
export function replayLength(page: Page): Promise<number> {
  return page.evaluate(() => document.querySelector("video")?.duration ?? Number.NaN);
}

/** Moves the replay, and waits until its picture has followed. */
export async function seek(page: Page, to: number, { pause = false } = {}): Promise<void> {
  await page.evaluate(
    ([seconds, stop]) =>
      new Promise<void>((resolve, reject) => {
        const video = document.querySelector("video");
        if (!video) return reject(new Error("no video"));
        if (stop) video.pause();
        video.addEventListener("seeked", () => resolve(), { once: true });
        setTimeout(() => reject(new Error(`no picture at ${seconds} s`)), 10_000);
        video.currentTime = seconds;
      }),
    [to, pause] as const,
  );
}
