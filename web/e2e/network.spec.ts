/** Classes on networks that do not let everything through: TCP alone, and IPv6 alone, for the teacher and the class. */
import type { Page } from "@playwright/test";
import * as pages from "./support/pages";
import { look, received } from "./support/probe";
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
