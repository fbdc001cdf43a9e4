/** Who may watch a class that is not public, live and afterwards. */
import * as pages from "./support/pages";
import { look } from "./support/probe";
import { expect, test } from "./support/test";

test.use({ instance: "access" });

test("a class that is not public asks visitors to sign in and to enrol, and plays for who has", async ({
  server,
  open,
}) => {
  const teacher = await open();
  await pages.setUp(teacher, server.setupLink);
  const session = await pages.planClass(teacher, "Behind the door", { isPublic: false });
  await pages.openBroadcast(teacher, session);
  await pages.goLive(teacher);

  const visitor = await open();
  await pages.openWatch(visitor, session);
  await expect(visitor.getByText("Sign in to watch")).toBeVisible();
  expect((await visitor.request.get(`/api/live/sessions/${session}/hls/master.m3u8`)).status()).toBe(401);
  expect((await visitor.request.post(`/api/live/sessions/${session}/watch-token`)).status()).toBe(401);

  await visitor.goto("/signup");
  await visitor.getByLabel("Name", { exact: true }).fill("Vera Viewer");
  await visitor.getByLabel("E-mail").fill("vera@example.org");
  await visitor.getByLabel("Password", { exact: true }).fill("another good password");
  await visitor.getByRole("button", { name: "Create account" }).click();
  await expect(visitor.getByRole("button", { name: "Account of Vera Viewer" })).toBeVisible();
  await pages.openWatch(visitor, session);
  await visitor.getByRole("button", { name: "Enrol" }).click();
  await look(visitor, 30);

  await pages.endClass(teacher);
  await pages.playReplay(visitor);
});
