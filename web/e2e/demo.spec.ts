/** `lectern demo`: a class without a camera, on a server that nobody has set up yet. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as pages from "./support/pages";
import { firstPictureMs, received } from "./support/probe";
import { expect, test } from "./support/test";

test.use({ instance: "demo" });

test("the demo can be watched at once by whoever joins, and leaves a replay when it is interrupted", async ({
  server,
  open,
}) => {
  const demo = spawn(server.binary, ["demo"], {
    cwd: server.folder,
    env: server.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(demo, "exit");
  let said = "";
  demo.stdout.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  await expect.poll(() => /streams\/([\w-]+)\/watch/.exec(said)?.[1], { timeout: 20_000 }).toBeTruthy();
  const session = /streams\/([\w-]+)\/watch/.exec(said)?.[1] ?? "";

  const viewer = await open();
  await pages.openWatch(viewer, session);
  await expect.poll(async () => (await received(viewer)).framesDecoded, { timeout: 20_000 }).toBeGreaterThan(90);
  expect((await received(viewer)).audioEnergy).toBeGreaterThan(0);

  await viewer.context().close();

  // It sends a key frame every two seconds, whoever asks: who joins in between starts from what went before.
  const waits: number[] = [];
  for (let joined = 0; joined < 5; joined += 1) {
    const late = await open();
    await pages.openWatch(late, session);
    waits.push(await firstPictureMs(late));
    await late.context().close();
  }
  waits.sort((a, b) => a - b);
  expect(waits[2], `waited ${waits.map(Math.round)} ms`).toBeLessThan(500);

  demo.kill("SIGINT");
  expect((await exit)[0]).toBe(0);
  const later = await open();
  await pages.openWatch(later, session);
  await pages.playReplay(later);
});
