/** libdatachannel, on which OBS's WHIP output is built: publishes the clip without coding it anew, and plays. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Audio, PeerConnection, type Track, Video } from "node-datachannel";
import { CLIP } from "./ffmpeg";

/** Payload types and mids as OBS has them. */
const [AUDIO, VIDEO] = [111, 96];
const [MID_EXTENSION, RID_EXTENSION] = [1, 2];


/** The offer, with all candidates. */
async function offered(peer: PeerConnection): Promise<string> {
  const gathered = new Promise<void>((resolve) => {
    peer.onGatheringStateChange((state) => state === "complete" && resolve());
  });
  peer.setLocalDescription("offer");
  await gathered;
  return peer.localDescription()?.sdp ?? "";
}

async function exchange(peer: PeerConnection, url: string, key?: string): Promise<string> {
  const body = await offered(peer);
  const headers = { "Content-Type": "application/sdp", ...(key && { Authorization: `Bearer ${key}` }) };
  const answer = await fetch(url, { method: "POST", headers, body });
  const sdp = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status}: ${sdp}`);
  peer.setRemoteDescription(sdp, "answer");
  return sdp;
}

/** A publisher; `rids` are its encodings, the largest first, or empty for one without a name. */
export class Publisher {
  readonly #peer = new PeerConnection("publisher", { iceServers: [] });
  readonly #sockets: Socket[] = [];
  readonly #ffmpeg: ChildProcess[] = [];
  answer = "";

  static async publish(url: string, key: string, rids: string[] = []): Promise<Publisher> {
    const publisher = new Publisher();
    await publisher.#start(url, key, rids);
    return publisher;
  }

  async #start(url: string, key: string, rids: string[]): Promise<void> {
    const audio = new Audio("0", "SendOnly");
    audio.addOpusCodec(AUDIO);
    audio.addSSRC(1000, "obs", "stream", "stream-audio");
    const video = new Video("1", "SendOnly");
    video.addH264Codec(VIDEO);
    if (rids.length === 0) video.addSSRC(1001, "obs", "stream", "stream-video");
    for (const line of [
      `a=extmap:${MID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:mid`,
      `a=extmap:${RID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`,
      ...rids.map((rid) => `a=rid:${rid} send`),
      ...(rids.length > 0 ? [`a=simulcast:send ${rids.join(";")}`] : []),
    ]) {
      if (rids.length > 0) video.parseSdpLine(line);
    }
    const tracks = [this.#peer.addTrack(audio), this.#peer.addTrack(video)] as const;
    this.answer = await exchange(this.#peer, url, key);
    await Promise.all(tracks.map(open));
    const opus = ["-map", "0:a", "-c", "copy", "-payload_type", `${AUDIO}`];
    await this.#send(tracks[0], 1000, [], opus);
    for (const [index, rid] of (rids.length > 0 ? rids : [""]).entries()) {
      const size = ["-vf", `scale=${1280 >> (index + 1)}:-2`, ...SMALL_H264];
      const extensions = rid ? [[MID_EXTENSION, "1"] as const, [RID_EXTENSION, rid] as const] : [];
      await this.#send(tracks[1], 1001 + index, extensions, ["-map", "0:v", ...size, "-payload_type", `${VIDEO}`]);
    }
  }

  /** Lets ffmpeg make RTP packets of the clip, and sends them with another source and these extensions. */
  async #send(track: Track, ssrc: number, extensions: (readonly [number, string])[], output: string[]): Promise<void> {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const extension = headerExtension(extensions);
    socket.on("message", (packet) => {
      const sent = Buffer.concat([packet.subarray(0, 12), extension, packet.subarray(12)]);
      if (extension.length > 0) sent[0] = (sent[0] ?? 0) | 0x10;
      sent.writeUInt32BE(ssrc, 8);
      if (track.isOpen()) track.sendMessageBinary(sent);
    });
    const input = ["-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", CLIP];
    const port = socket.address().port;
    const to = ["-f", "rtp", `rtp://127.0.0.1:${port}?rtcpport=${port + 1}&pkt_size=1200`];
    this.#ffmpeg.push(spawn("ffmpeg", [...input, ...output, ...to], { stdio: ["ignore", "ignore", "inherit"] }));
    this.#sockets.push(socket);
  }

  close(): void {
    for (const child of this.#ffmpeg) child.kill("SIGKILL");
    for (const socket of this.#sockets) socket.close();
    this.#peer.close();
  }
}

/** A player that counts what it gets; it decodes nothing. */
export class Player {
  readonly #peer = new PeerConnection("player", { iceServers: [] });
  /** Held, or they are collected with what they receive: the connection itself does not keep them. */
  readonly #tracks: Track[];
  /** Packets of sound, and of pictures with the marker, which ends one. */
  heard = 0;
  pictures = 0;
  /** Packets of the picture that do not follow the one before. */
  gaps = 0;

  private constructor() {
    const audio = new Audio("0", "RecvOnly");
    audio.addOpusCodec(AUDIO);
    const video = new Video("1", "RecvOnly");
    video.addH264Codec(VIDEO);
    const [sound, picture] = [this.#peer.addTrack(audio), this.#peer.addTrack(video)];
    this.#tracks = [sound, picture];
    sound.onMessage((packet) => {
      if (isMedia(packet)) this.heard += 1;
    });
    let last: number | undefined;
    picture.onMessage((packet) => {
      if (!isMedia(packet)) return;
      const number = packet.readUInt16BE(2);
      if (last !== undefined && number !== ((last + 1) & 0xffff)) this.gaps += 1;
      last = number;
      if ((packet[1] ?? 0) & 0x80) this.pictures += 1;
    });
  }

  static async play(url: string): Promise<Player> {
    const player = new Player();
    await exchange(player.#peer, url);
    return player;
  }

  close(): void {
    for (const track of this.#tracks) track.close();
    this.#peer.close();
  }
}

const SMALL_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0", "-g", "30", "-profile:v", "baseline"];

/** RFC 8285 section 4.2, one-byte form; empty without extensions. */
function headerExtension(extensions: (readonly [number, string])[]): Buffer {
  if (extensions.length === 0) return Buffer.alloc(0);
  const elements = extensions.map(([id, value]) => Buffer.from([(id << 4) | (value.length - 1), ...Buffer.from(value)]));
  const length = elements.reduce((sum, element) => sum + element.length, 0);
  const words = Math.ceil(length / 4);
  return Buffer.concat([Buffer.from([0xbe, 0xde, 0, words]), ...elements, Buffer.alloc(words * 4 - length)]);
}

/** RFC 5761 section 4: RTCP has packet types 192 to 223 where RTP has marker and payload type. */
function isMedia(packet: Buffer): boolean {
  const second = packet[1] ?? 0;
  return second < 192 || second > 223;
}

function open(track: Track): Promise<void> {
  return new Promise((resolve, reject) => {
    if (track.isOpen()) return resolve();
    track.onOpen(resolve);
    setTimeout(() => reject(new Error("libdatachannel did not connect")), 10_000).unref();
  });
}
