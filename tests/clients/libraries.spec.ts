/** WHIP and WHEP libraries for browsers, in a page of another site: what they ask of the server and a plain client does not. */
import { play, plays, publish } from "./support/browser-peer";
import { bundled } from "./support/libraries";
import { expect, type Route, test } from "./support/test";

let script: string;

test.beforeAll(async () => {
  script = await bundled();
});

test("@eyevinn/whip-web-client publishes, and takes its leave", async ({ plan, visit }) => {
  const { whip, key, whep } = await plan("Eyevinn's publisher");
  const publisher = await visit();
  await publisher.addScriptTag({ content: script });
  await publisher.evaluate(
    async ([endpoint, authkey]) => {
      const client = new window.EyevinnPublisher({ endpoint, opts: { authkey, iceServers: [] } });
      await client.ingest(await navigator.mediaDevices.getUserMedia({ video: true, audio: true }));
      Object.assign(window, { leave: () => client.destroy() });
    },
    [whip, key] as const,
  );
  const viewer = await visit();
  await play(viewer, whep);
  await plays(viewer);
  const deleted = publisher.waitForResponse((response) => response.request().method() === "DELETE");
  await publisher.evaluate(() => (window as unknown as { leave(): Promise<void> }).leave());
  expect((await deleted).status()).toBe(200);
});

test("@eyevinn/webrtc-player plays", async ({ plan, visit }) => {
  const { whip, key, whep } = await plan("Eyevinn's player");
  await publish(await visit(), { url: whip, key, codec: "H264" });
  const viewer = await visit();
  await viewer.addScriptTag({ content: script });
  await viewer.evaluate(async (url) => {
    const video = document.createElement("video");
    video.autoplay = true;
    document.body.replaceChildren(video);
    const player = new window.EyevinnPlayer({ video, type: "whep", iceServers: [] });
    await player.load(new URL(url));
    player.unmute();
  }, whep);
  await plays(viewer);
});

test("Medooze's whip-whep publishes and plays, trickles its candidates, and restarts ICE at both ends", async ({
  plan,
  visit,
}) => {
  const { whip, key, whep } = await plan("Medooze's clients");
  const publisher = await visit();
  await publisher.addScriptTag({ content: script });
  const trickled = publisher.waitForResponse((response) => response.request().method() === "PATCH");
  await publisher.evaluate(
    async ([url, token]) => {
      const media = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
      const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
      for (const track of media.getTracks()) peer.addTransceiver(track, { direction: "sendonly", streams: [media] });
      const client = new window.MedoozePublisher();
      await client.publish(peer, url, token);
      Object.assign(window, { client });
    },
    [whip, key] as const,
  );
  expect((await trickled).status()).toBe(204);

  const viewer = await visit();
  await viewer.addScriptTag({ content: script });
  const alsoTrickled = viewer.waitForResponse((response) => response.request().method() === "PATCH");
  await viewer.evaluate(async (url) => {
    const video = document.createElement("video");
    video.autoplay = true;
    video.srcObject = new MediaStream();
    document.body.replaceChildren(video);
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    peer.ontrack = ({ track }) => (video.srcObject as MediaStream).addTrack(track);
    for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
    const client = new window.MedoozePlayer();
    await client.view(peer, url);
    Object.assign(window, { client });
  }, whep);
  expect((await alsoTrickled).status()).toBe(204);
  await plays(viewer);

  for (const page of [publisher, viewer]) {
    await page.route(/\/wh[ie]p\//, oneCandidate);
    const restarted = page.waitForResponse((response) => response.request().method() === "PATCH");
    await page.evaluate(() => (window as unknown as { client: { restart(): void } }).client.restart());
    expect((await restarted).status()).toBe(200);
    await plays(viewer);
  }
  const deleted = viewer.waitForResponse((response) => response.request().method() === "DELETE");
  await viewer.evaluate(() => (window as unknown as { client: { stop(): Promise<void> } }).client.stop());
  // It closes the connection first; the server may have heard that already.
  expect([200, 404]).toContain((await deleted).status());
});

/** The library puts a comma between the candidates of a restart's answer, so it can only restart where there is one. */
async function oneCandidate(route: Route): Promise<void> {
  if (route.request().method() !== "PATCH") return route.continue();
  const response = await route.fetch();
  const fragment = await response.text();
  await route.fulfill({ response, body: fragment.replace(/(a=candidate:.*\r\n)(a=candidate:.*\r\n)+/, "$1") });
}
