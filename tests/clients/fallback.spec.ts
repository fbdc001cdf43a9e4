/** The watch page where no packet of WebRTC gets through: live HLS by itself, in Chromium and in Firefox, and how late that is. */
import { Line } from "../../web/e2e/support/line";
import * as pages from "../../web/e2e/support/pages";
import { type Evaluates, medianDelayMs, type Sight } from "../../web/e2e/support/probe";
import { publish } from "./support/browser-peer";
import { Firefox } from "./support/firefox";
import { expect, test } from "./support/test";

/** How late HLS may be, ms. */
const LATEST_MS = 6000;

test("viewers whose network blocks WebRTC are told so, and see the class less than six seconds late", async ({
  plan,
  visit,
  open,
  server,
}) => {
  const blocked = await Line.open(server.udpPort, { loss: 1 });
  const firefox = await Firefox.open();
  const { session, whip: url, key } = await plan("Behind a firewall");
  await publish(await visit(), { url, key, codec: "H264" });

  const chromium = await open();
  await chromium.goto("/");
  await blocked.carry(chromium);
  await pages.openWatch(chromium, session);
  const other = await firefox.visit(`${server.url}/streams/${session}/watch`, blocked);
  for (const [name, page] of [["Chromium", chromium], ["Firefox", other]] as const) {
    await expect.poll(() => said(page), { timeout: 40_000 }).toContain("Some seconds late: your network blocks");
    const type = `delay in ${name}`;
    const delay = async () => {
      const ms = medianDelayMs(await look(page, 30));
      test.info().annotations.push({ type, description: `${ms.toFixed(0)} ms` });
      return ms;
    };
    // Where it begins depends on how old the playlist was; it catches up from there.
    await expect.poll(delay, { message: type, timeout: 20_000 }).toBeLessThan(LATEST_MS - 500);
  }
  // Neither falls back further while it plays on.
  for (const page of [chromium, other]) {
    const latest = Math.max(...(await look(page, 150)).map(({ shown, seen }) => seen - shown));
    expect(latest).toBeLessThan(LATEST_MS);
  }
  await firefox.close();
  blocked.close();
});

/** What the player says. */
function said(page: Evaluates): Promise<string> {
  return page.evaluate(() => document.querySelector("[data-state] [role=status]")?.textContent ?? "");
}

/** Waits until so many pictures more have been seen; gives them. */
async function look(page: Evaluates, count: number): Promise<Sight[]> {
  const all = () => page.evaluate(() => window.probe.sights);
  const last = (await all()).at(-1)?.seen ?? 0;
  let later: Sight[] = [];
  const seen = async () => {
    later = (await all()).filter((sight) => sight.seen > last);
    return later.length;
  };
  await expect.poll(seen, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
  return later;
}
