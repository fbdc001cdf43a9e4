/**
 * Classes on networks that do not let everything through: TCP alone, and IPv6 alone, for the teacher and the class; and a
 * network that lets nothing through for a while.
 */
import type { Page } from "@playwright/test";
import { Line } from "./support/line";
import * as pages from "./support/pages";
import { connectionsMade, look, medianDelayMs, received } from "./support/probe";
import { expect, openPage, test } from "./support/test";

test.use({ instance: "network" });

test.describe.configure({ mode: "serial" });

/** Pages that stay open from one test to the next. */
let teacher: Page;
let viewer: Page;

test.beforeAll(async ({ browser, server }) => {
  teacher = await openPage(browser, server);
  viewer = await openPage(browser, server);
  for (const page of [teacher, viewer]) await page.addInitScript(installFilter);
  await pages.setUp(teacher, server.setupLink);
  await viewer.goto("/");
});

test.afterAll(async () => {
  await teacher?.context().close();
  await viewer?.context().close();
});

/** Runs inside the page: takes all candidates out of the server's answers but those of the network that the tab names. */
function installFilter(): void {
  const set: (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void> =
    RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description: RTCSessionDescriptionInit) {
    const allowed = sessionStorage.getItem("allowed");
    const lines = description.sdp?.split("\r\n").filter((line) => {
      const [, , transport, , address] = line.split(" ");
      if (!line.startsWith("a=candidate:")) return true;
      return allowed === "tcp" ? transport === "tcp" : transport === "udp" && address?.includes(":");
    });
    return set.call(this, { type: description.type, sdp: lines?.join("\r\n") ?? "" });
  };
}

/** What carries the page's media: protocol and the server's address. */
function carrier(page: Page): Promise<{ protocol: string; address: string } | undefined> {
  return page.evaluate(async () => {
    for (const peer of window.probe.peers) {
      const stats: Map<string, Record<string, string>> = new Map(await peer.getStats());
      for (const report of stats.values()) {
        if (report.type !== "transport" || !report.selectedCandidatePairId) continue;
        const remote = stats.get(stats.get(report.selectedCandidatePairId)?.remoteCandidateId ?? "");
        if (remote?.protocol && remote.address) return { protocol: remote.protocol, address: remote.address };
      }
    }
    return undefined;
  });
}

for (const allowed of ["tcp", "ipv6"]) {
  test(`a class over ${allowed} alone`, async () => {
    for (const page of [teacher, viewer])
      await page.evaluate((name) => sessionStorage.setItem("allowed", name), allowed);
    await teacher.goto("/");
    const session = await pages.planClass(teacher, `A class over ${allowed}`);
    await pages.openBroadcast(teacher, session);
    await pages.goLive(teacher);
    await pages.openWatch(viewer, session);
    await look(viewer, 60);
    const { framesDecoded, audioEnergy } = await received(viewer);
    expect(framesDecoded).toBeGreaterThan(50);
    expect(audioEnergy).toBeGreaterThan(0);
    for (const page of [teacher, viewer]) {
      const used = await carrier(page);
      expect(used?.protocol).toBe(allowed === "tcp" ? "tcp" : "udp");
      if (allowed === "ipv6") expect(used?.address).toContain(":");
    }
    await pages.endClass(teacher);
  });
}

test("a teacher whose network is gone for ten seconds is back without a reload, and so is the class", async ({
  open,
  server,
}) => {
  const line = await Line.open(server.udpPort);
  await teacher.goto("/");
  const session = await pages.planClass(teacher, "Ten seconds");
  const broadcaster = await teacher.context().newPage();
  await line.carry(broadcaster);
  await pages.openBroadcast(broadcaster, session);
  await pages.goLive(broadcaster);
  const watcher = await open();
  await pages.openWatch(watcher, session);
  await look(watcher, 30);
  const connections = await connectionsMade(watcher);

  line.become({ loss: 1 });
  const cut = Date.now();
  await expect(watcher.getByText("The instructor’s connection dropped")).toBeVisible();
  await expect(broadcaster.getByText("Reconnecting…").first()).toBeVisible();
  await expect.poll(() => Date.now() - cut, { timeout: CUT_MS * 2 }).toBeGreaterThan(CUT_MS);
  line.become({});
  const back = Date.now();
  await pages.expectLive(broadcaster);
  const delay = medianDelayMs(await look(watcher, 30, 30_000));
  test
    .info()
    .annotations.push({ type: "back", description: `after ${Date.now() - back} ms, ${delay.toFixed(0)} ms late` });
  expect(delay).toBeLessThan(1000);
  expect(await connectionsMade(watcher)).toBe(connections);
  await pages.endClass(broadcaster);
  line.close();
});

/** How long the network is gone. */
const CUT_MS = 10_000;
