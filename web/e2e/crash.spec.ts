/** What is left when the server is taken away in the middle of a class. */
import * as pages from "./support/pages";
import { look, sights } from "./support/probe";
import { expect, test } from "./support/test";

test.use({ instance: "crash" });

test("after a killed server the replay plays up to its last second", async ({ server, open }) => {
  const teacher = await open();
  await pages.setUp(teacher, server.setupLink);
  const session = await pages.planClass(teacher, "Cut short");
  await pages.openBroadcast(teacher, session);
  await pages.goLive(teacher);
  const viewer = await open();
  await pages.openWatch(viewer, session);
  await look(viewer, 240, 30_000);

  await server.kill();
  const lastLive = (await sights(viewer)).at(-1);
  if (!lastLive) throw new Error("nothing was seen live");
  await teacher.context().close();
  await viewer.context().close();
  await server.start();

  const login = await open();
  await login.request.post(`${server.url}/api/auth/login`, {
    data: { email: pages.ADMIN.email, password: pages.ADMIN.password },
  });
  const ended = await login.request.post(`${server.url}/api/instructor/streams/${session}/end`);
  expect(ended.status(), await ended.text()).toBe(200);
  await pages.openWatch(login, session);
  await pages.playReplay(login);
  const length = await pages.replayLength(login);
  expect(length).toBeGreaterThan(7);
  await pages.seek(login, length - 0.2, { pause: true });
  await expect
    .poll(async () => lastLive.shown - ((await sights(login)).at(-1)?.shown ?? 0), { timeout: 10_000 })
    .toBeLessThan(1000);
});
