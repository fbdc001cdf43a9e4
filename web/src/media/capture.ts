/** Camera and microphone: finding them, opening them, changing them, and saying why that did not work. */
import { Emitter } from "./emitter";

/** Why there is no picture or sound, in terms a person can act on. */
export type DeviceFault = "insecure" | "denied" | "missing" | "busy" | "unknown";

/** What can be captured. */
export type DeviceKind = "camera" | "microphone";

/** A camera or microphone to choose from. */
export interface Device {
  id: string;
  kind: DeviceKind;
  /** As the system names it; empty until the browser has been allowed to tell. */
  label: string;
}

/** The person's choice; null is the system's own. */
export type DeviceChoice = Record<DeviceKind, string | null>;

/** What a capture tells. */
export interface CaptureEvents {
  /** What is open now, in a new stream whenever a track was exchanged; null when closed. */
  stream: MediaStream | null;
  fault: DeviceFault | null;
  devices: Device[];
}

const KINDS: DeviceKind[] = ["camera", "microphone"];
const TRACK_KIND = { camera: "video", microphone: "audio" } as const;

/** Keeps a camera and a microphone open, from `open` to `close`. */
export class Capture extends Emitter<CaptureEvents> {
  #choice: DeviceChoice;
  #tracks: MediaStreamTrack[] = [];
  #closed = true;

  constructor(choice: DeviceChoice) {
    super();
    this.#choice = choice;
  }

  /** Asks for both devices at once, which is one question to the person; or for the only one there is. */
  async open(): Promise<void> {
    this.#closed = false;
    navigator.mediaDevices?.addEventListener("devicechange", this.#list);
    const present = await kindsPresent();
    await this.#replace(present.length > 0 ? present : KINDS);
    await this.#list();
  }

  /** Changes one device; the other goes on undisturbed. */
  async choose(kind: DeviceKind, id: string | null): Promise<void> {
    this.#choice = { ...this.#choice, [kind]: id };
    await this.#replace([kind]);
  }

  /** Turns off camera and microphone. */
  close(): void {
    this.#closed = true;
    navigator.mediaDevices?.removeEventListener("devicechange", this.#list);
    this.#stop(KINDS);
    this.emit("stream", null);
  }

  async #replace(kinds: DeviceKind[]): Promise<void> {
    // Some systems lend a camera only once: the old track goes first, but keeps its mute.
    const enabled = new Map(this.#tracks.map((track) => [track.kind, track.enabled]));
    this.#stop(kinds);
    try {
      // Browsers hide the devices on plain http, except on the machine itself.
      if (!navigator.mediaDevices?.getUserMedia) throw new CaptureError("insecure");
      const opened = await navigator.mediaDevices.getUserMedia(constraints(kinds, this.#choice));
      if (this.#closed) return stopAll(opened.getTracks());
      for (const track of opened.getTracks()) {
        track.enabled = enabled.get(track.kind) ?? true;
        track.addEventListener("ended", () => void this.#onUnplugged(track));
        this.#tracks.push(track);
      }
      this.emit("fault", null);
    } catch (error) {
      if (!this.#closed) this.emit("fault", faultOf(error));
    }
    this.emit("stream", this.#tracks.length > 0 ? new MediaStream(this.#tracks) : null);
  }

  /** The device is gone; perhaps there is another. */
  async #onUnplugged(track: MediaStreamTrack): Promise<void> {
    if (!this.#tracks.includes(track)) return;
    await this.choose(track.kind === "video" ? "camera" : "microphone", null);
    await this.#list();
  }

  #stop(kinds: DeviceKind[]): void {
    const gone = this.#tracks.filter((track) => kinds.some((kind) => TRACK_KIND[kind] === track.kind));
    this.#tracks = this.#tracks.filter((track) => !gone.includes(track));
    stopAll(gone);
  }

  readonly #list = async (): Promise<void> => {
    const infos = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const devices = infos.flatMap(({ kind, deviceId, label }): Device[] => {
      if (deviceId === "") return [];
      if (kind === "videoinput") return [{ id: deviceId, kind: "camera", label }];
      return kind === "audioinput" ? [{ id: deviceId, kind: "microphone", label }] : [];
    });
    this.emit("devices", devices);
  };
}

class CaptureError extends Error {
  readonly fault: DeviceFault;

  constructor(fault: DeviceFault) {
    super(fault);
    this.fault = fault;
  }
}

function stopAll(tracks: MediaStreamTrack[]): void {
  for (const track of tracks) track.stop();
}

async function kindsPresent(): Promise<DeviceKind[]> {
  const infos = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return KINDS.filter((kind) => infos.some((info) => info.kind === `${TRACK_KIND[kind]}input`));
}

function constraints(kinds: DeviceKind[], { camera, microphone }: DeviceChoice): MediaStreamConstraints {
  return {
    ...(kinds.includes("camera") && {
      video: {
        ...(camera && { deviceId: { ideal: camera } }),
        width: { ideal: 1280 },
        height: { ideal: 720 },
        frameRate: { ideal: 30 },
      },
    }),
    ...(kinds.includes("microphone") && {
      audio: {
        ...(microphone && { deviceId: { ideal: microphone } }),
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
    }),
  };
}

/** Names of the errors of `getUserMedia` (Media Capture and Streams, section 10). */
function faultOf(error: unknown): DeviceFault {
  if (error instanceof CaptureError) return error.fault;
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "unknown";
}
