/** ffmpeg's WHIP muxer: an H.264 and Opus file published by stream key, watched in the page, replayed in time. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as pages from "../../web/e2e/support/pages";
import { connectionsMade, received } from "../../web/e2e/support/probe";
import type { Server } from "../../web/e2e/support/server";
import { measure, publish, stop } from "./support/ffmpeg";
import { expect, type Page, test } from "./support/test";

test.use({ instance: "ffmpeg" });

/** How long the timed broadcast is; `make soak` makes it ten minutes. */
const BROADCAST_S = Number(process.env.SOAK_S ?? 20);

for (const [role, options] of [
  ["as DTLS server", []],
  ["as DTLS client", ["-whip_flags", "dtls_active"]],
] as const) {
  test(`ffmpeg ${role} is seen and heard, and keeps its viewer when it is killed and started again`, async ({ plan, open }) => {
    const { session, whip: url, key } = await plan(`ffmpeg ${role}`);
    const first = publish(url, key, { options });
    const viewer = await open();
    await pages.openWatch(viewer, session);
    await decoded(viewer, 60);
    await expect.poll(async () => (await received(viewer)).audioEnergy).toBeGreaterThan(0);

    const connections = await connectionsMade(viewer);
    await stop(first, "SIGKILL");
    const second = publish(url, key, { options });
    await decoded(viewer, (await received(viewer)).framesDecoded + 60);
    expect(await connectionsMade(viewer)).toBe(connections);
    await stop(second);
  });
}

test("a wrong key is refused", async ({ plan }) => {
  const { whip } = await plan("Locked");
  const [code] = await once(publish(whip, "not-the-key"), "exit");
  expect(code).not.toBe(0);
});

test("no second freezes, and the replay is as long as the broadcast with sound and picture together", async ({
  server,
  teacher,
  plan,
  open,
}) => {
  test.setTimeout((BROADCAST_S * 2 + 60) * 1000);
  const { session, whip: url, key } = await plan("In time");
  const viewers = [await open(), await open()];
  for (const viewer of viewers) await pages.openWatch(viewer, session);
  const broadcast = once(publish(url, key, { seconds: BROADCAST_S }), "exit");
  for (const viewer of viewers) await decoded(viewer, 60);
  const memory = [residentBytes(server)];
  const sampler = setInterval(() => memory.push(residentBytes(server)), 1000);
  await broadcast;
  clearInterval(sampler);

  for (const viewer of viewers) {
    const { framesDecoded, freezes, frozenSeconds } = await received(viewer);
    // A busy machine's decoder leaves out a frame here and there; that is no freeze.
    expect(framesDecoded).toBeGreaterThan((BROADCAST_S - 3) * 30 * 0.98);
    expect(frozenSeconds, `${freezes} freezes`).toBeLessThan(1);
  }
  const settled = memory[Math.floor(memory.length / 5)] ?? 0;
  if (BROADCAST_S >= 120) expect(memory.at(-1)).toBeLessThan(settled * 1.05);

  const ended = await teacher.request.post(`${server.url}/api/instructor/streams/${session}/end`);
  expect(ended.status(), await ended.text()).toBe(200);
  const { length, skewMs, longestStillMs } = await measure(`${server.url}/api/live/sessions/${session}/hls/master.m3u8`);
  expect(Math.abs(length - BROADCAST_S)).toBeLessThan(0.2);
  expect(skewMs.length).toBeGreaterThan(BROADCAST_S - 3);
  expect(Math.max(...skewMs.map(Math.abs))).toBeLessThan(40);
  expect(longestStillMs).toBeLessThan(100);
});

function decoded(page: Page, frames: number): Promise<void> {
  const count = expect.poll(async () => (await received(page)).framesDecoded, { timeout: 20_000 });
  return count.toBeGreaterThan(frames);
}

/** What the server holds in memory. */
function residentBytes(server: Server): number {
  const pages = readFileSync(`/proc/${server.pid}/statm`, "utf8").split(" ")[1];
  return Number(pages) * 4096;
}
