/**
 * A viewer's way through the product in Firefox: sign up, enrol, take part in a class, stay through a cut of the
 * broadcaster's network, watch the replay. The class is in VP9, which Firefox decodes live and in a replay.
 */
import { Line } from "../../web/e2e/support/line";
import { received } from "../../web/e2e/support/probe";
import { publish } from "./support/browser-peer";
import { Firefox, type FirefoxPage } from "./support/firefox";
import { pictureAt, place } from "./support/hls-player";
import { expect, test } from "./support/test";

test.use({ instance: "firefox" });

/** How long the broadcaster's network is gone. */
const CUT_MS = 10_000;

test("sign up, enrol, talk with the class, vote, react, sit out a cut, watch the replay", async ({
  visit,
  teacher,
  server,
}) => {
  const planned = await teacher.request.post(`${server.url}/api/instructor/streams/create`, {
    data: { title: "In Firefox", scheduledStart: new Date().toISOString(), durationMinutes: 60, timeZone: "Europe/Brussels" },
  });
  expect(planned.status(), await planned.text()).toBe(201);
  const { id: session } = (await planned.json()) as { id: string };
  const ingest = await teacher.request.get(`${server.url}/api/instructor/streams/${session}/ingest`);
  const { whipUrl: url, streamKey: key } = (await ingest.json()) as { whipUrl: string; streamKey: string };
  const firefox = await Firefox.open();
  const viewer = await firefox.visit(`${server.url}/signup?next=/streams/${session}/watch`);
  await fill(viewer, "Name", "Fien Firefox");
  await fill(viewer, "E-mail", "fien@example.org");
  await fill(viewer, "Password", "another good password");
  await press(viewer, "Create account");
  await press(viewer, "Enrol");
  await shows(viewer, "The class has not started yet");

  const line = await Line.open(server.udpPort);
  const broadcaster = await visit();
  await line.carry(broadcaster);
  await publish(broadcaster, { url, key, codec: "VP9" });
  const live = `${server.url}/api/live/sessions/${session}`;
  const begun = await teacher.request.post(`${server.url}/api/instructor/streams/${session}/start`);
  expect(begun.status(), await begun.text()).toBe(200);
  await decodes(viewer, 60);

  await fill(viewer, "Your message", "Good morning from Firefox");
  await viewer.keyboard.press("Enter");
  await shows(viewer, "Good morning from Firefox");
  const poll = await teacher.request.post(`${live}/polls`, { data: { question: "Which one?", options: ["Green tea", "Black tea"] } });
  expect(poll.status(), await poll.text()).toBe(201);
  await viewer.locator('::-p-xpath(//*[@role="tab"][contains(., "Polls")])').click();
  await shows(viewer, "Which one?");
  await viewer.locator("::-p-text(Green tea)").click();
  await press(viewer, "Vote");
  await shows(viewer, "You voted");
  await press(viewer, "Send 👏");

  line.become({ loss: 1 });
  const cut = Date.now();
  await shows(viewer, "The instructor’s connection dropped");
  await expect.poll(() => Date.now() - cut, { timeout: CUT_MS * 2 }).toBeGreaterThan(CUT_MS);
  line.become({});
  await decodes(viewer, 60);

  const ended = await teacher.request.post(`${server.url}/api/instructor/streams/${session}/end`);
  expect(ended.status(), await ended.text()).toBe(200);
  await expect.poll(() => state(viewer), { timeout: 30_000 }).toBe("replay");
  await expect.poll(async () => (await place(viewer)).of, { timeout: 20_000 }).toBeGreaterThan(5);
  await press(viewer, "Watch replay");
  await expect.poll(async () => (await place(viewer)).at, { timeout: 20_000 }).toBeGreaterThan(1);
  const early = await pictureAt(viewer, 1);
  const late = await pictureAt(viewer, (await place(viewer)).of - 1);
  expect(late.shown).toBeGreaterThan(early.shown);
  await firefox.close();
  line.close();
});

/** Types into the field with this label. */
async function fill(page: FirefoxPage, label: string, text: string): Promise<void> {
  const labelled = `//*[@aria-label="${label}" or @id=//label[normalize-space(.)="${label}"]/@for]`;
  await page.locator(`::-p-xpath(${labelled})`).fill(text);
}

async function press(page: FirefoxPage, name: string): Promise<void> {
  await page.locator(`::-p-xpath(//button[@aria-label="${name}" or normalize-space(.)="${name}"])`).click();
}

/** Waits until the page says this. */
function shows(page: FirefoxPage, text: string): Promise<void> {
  const says = () => page.evaluate((wanted) => document.body.innerText.includes(wanted), text);
  return expect.poll(says, { timeout: 30_000 }).toBe(true);
}

function state(page: FirefoxPage): Promise<string> {
  return page.evaluate(() => document.querySelector<HTMLElement>("section[data-state]")?.dataset.state ?? "");
}

/** Waits until so many pictures more were decoded. */
async function decodes(page: FirefoxPage, frames: number): Promise<void> {
  const { framesDecoded } = await received(page);
  const count = expect.poll(async () => (await received(page)).framesDecoded, { timeout: 40_000 });
  await count.toBeGreaterThan(framesDecoded + frames);
}
