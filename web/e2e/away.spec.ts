/** The server goes away while people are on its pages, and comes back. */
import * as pages from "./support/pages";
import { expect, test } from "./support/test";

test.use({ instance: "away" });

test("pages say that the server is away, keep what they show, and go on; the chat misses nothing", async ({
  server,
  open,
}) => {
  const teacher = await open();
  await pages.setUp(teacher, server.setupLink);
  const session = await pages.planClass(teacher, "Through a restart");
  const viewer = await open();
  await pages.openWatch(viewer, session);
  const list = await open();
  await list.goto("/streams");
  await expect(list.getByRole("heading", { name: "Through a restart" })).toBeVisible();
  const log = viewer.getByRole("log", { name: "Chat" });
  await say("Before");
  await expect(log).toContainText("Before");

  await server.kill();
  for (const page of [viewer, list]) {
    await expect(page.getByText("The server is not there now.")).toBeVisible();
    await expect(page.getByRole("heading", { name: "Through a restart" })).toBeVisible();
  }
  await expect(viewer.getByText("Connection lost; trying again.").first()).toBeVisible();

  await server.start();
  await say("Meanwhile");
  for (const page of [viewer, list]) await expect(page.getByText("The server is not there now.")).toHaveCount(0);
  await expect(log).toContainText("Meanwhile");
  await expect(viewer.getByText("Connection lost; trying again.")).toHaveCount(0);
  await expect(log.getByText("Before")).toHaveCount(1);
  await expect(log.getByText("Meanwhile")).toHaveCount(1);

  async function say(message: string): Promise<void> {
    const sent = await teacher.request.post(`/api/live/sessions/${session}/chat`, { data: { message } });
    expect(sent.status(), await sent.text()).toBe(201);
  }
});

test("a form that cannot be sent keeps what was written, and says what to do", async ({ server, open }) => {
  const page = await open();
  await page.goto("/login");
  await page.getByLabel("E-mail").fill(pages.ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(pages.ADMIN.password);
  await server.kill();
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText("The server cannot be reached. Check your network and try again.");
  await expect(page.getByLabel("E-mail")).toHaveValue(pages.ADMIN.email);
  await server.start();
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("link", { name: "Teach" })).toBeVisible();
});
