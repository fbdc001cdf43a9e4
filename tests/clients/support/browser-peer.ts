/**
 * A browser as a plain WHIP client and WHEP player, without any library: one connection of a page each.
 *
 * The functions that run inside the page are carried there as text, so they use nothing from outside themselves.
 */
import { type Evaluates, received } from "../../../web/e2e/support/probe";
import { expect } from "../../../web/e2e/support/test";

/** A page of either driver, Playwright's or Puppeteer's. */
export interface Page extends Evaluates {
  evaluate<R>(run: () => R | Promise<R>): Promise<R>;
  evaluate<A, R>(run: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
}

/** What a page publishes. */
export interface Publication {
  url: string;
  key: string;
  /** `H264`, `VP8`, `VP9` or `AV1`: the only one that is offered. */
  codec: string;
  /** Of the picture, in pixels; its height is 9/16 of that. */
  width?: number;
  maxBitrate?: number;
  /** Simulcast, or layers inside one encoding; instead of `maxBitrate`. */
  encodings?: RTCRtpEncodingParameters[];
}

/** Publishes the page's camera and microphone until the page is closed. */
export async function publish(page: Page, publication: Publication): Promise<void> {
  await page.evaluate(async ({ url, key, codec, width = 640, maxBitrate = 1_000_000, encodings }) => {
    const media = await navigator.mediaDevices.getUserMedia({ video: { width: { exact: width } }, audio: true });
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    for (const track of media.getTracks()) {
      const isVideo = track.kind === "video";
      const sendEncodings = isVideo ? (encodings ?? [{ maxBitrate }]) : [];
      const transceiver = peer.addTransceiver(track, { direction: "sendonly", streams: [media], sendEncodings });
      const codecs = isVideo ? (RTCRtpSender.getCapabilities("video")?.codecs ?? []) : [];
      const wanted = codecs.filter(({ mimeType }) => mimeType === `video/${codec}` || mimeType === "video/rtx");
      if (isVideo) transceiver.setCodecPreferences(wanted);
    }
    await peer.setLocalDescription();
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${key}` },
      body: peer.localDescription?.sdp ?? "",
    });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }, publication);
}

/** Plays a stream in the page's only video element. */
export async function play(page: Page, url: string): Promise<void> {
  await page.evaluate(async (endpoint) => {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const stream = new MediaStream();
    const video = document.createElement("video");
    video.autoplay = true;
    video.srcObject = stream;
    document.body.replaceChildren(video);
    peer.addEventListener("track", ({ track }) => stream.addTrack(track));
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addTransceiver("audio", { direction: "recvonly" });
    await peer.setLocalDescription();
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: peer.localDescription?.sdp ?? "",
    });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }, url);
}

/** Waits until the page has decoded some pictures more, of this codec if one is named, and played sound. */
export async function plays(page: Page, codec?: string): Promise<void> {
  await hears(page);
  const before = await received(page);
  const count = expect.poll(async () => (await received(page)).framesDecoded, { timeout: 20_000 });
  await count.toBeGreaterThan(before.framesDecoded + 45);
  if (codec) expect((await received(page)).videoCodec).toBe(`video/${codec}`);
}

/** Waits until the page has played some sound more. */
export async function hears(page: Page): Promise<void> {
  const before = (await received(page)).audioEnergy;
  const energy = expect.poll(async () => (await received(page)).audioEnergy, { timeout: 20_000 });
  await energy.toBeGreaterThan(before);
}
