/** What a broadcaster shows: the camera, the screen, or the screen with the camera in its corner. */
import { type Composer, compose } from "./composer";
import { Emitter } from "./emitter";
import { type Mixer, mix } from "./mixer";

/** What the viewers see. */
export type Picture = "camera" | "screen" | "both";

/** Why the screen cannot be shown. */
export type ScreenFault = "denied" | "unsupported";

/** What a scene tells. */
export interface SceneEvents {
  /** What to send now, in a new stream whenever a track was exchanged; null when there is nothing. */
  output: MediaStream | null;
  picture: Picture;
  fault: ScreenFault | null;
}

/** Enough to read small letters; more only costs. */
const SCREEN: DisplayMediaStreamOptions = {
  video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 30 } },
  audio: true,
};

/** Whether this browser can share its screen; phones cannot. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

/** Turns devices and screen into one picture and one sound. */
export class Scene extends Emitter<SceneEvents> {
  #picture: Picture = "camera";
  #devices: MediaStream | null = null;
  #screen: MediaStream | null = null;
  #composer: Composer | null = null;
  /** The camera that the composer has; nothing where it has not been told. */
  #laid: MediaStreamTrack | null | undefined;
  #mixer: Mixer | null = null;
  /** What the mixer mixes, so that it is made anew only when that changes. */
  #mixed: MediaStreamTrack[] = [];
  #cameraIsOn = true;
  #sent: MediaStreamTrack[] = [];

  get picture(): Picture {
    return this.#picture;
  }

  /** The present camera and microphone. They stay the caller's. */
  setDevices(devices: MediaStream | null): void {
    this.#devices = devices;
    this.#refresh();
  }

  /** Whether the camera is laid over the screen: not while the person has turned it off. */
  setCameraOn(on: boolean): void {
    this.#cameraIsOn = on;
    this.#refresh();
  }

  /** Changes the picture; asks the person for a screen or window where none is shared yet. */
  async show(picture: Picture): Promise<void> {
    if (picture !== "camera" && !this.#screen && !(await this.#openScreen())) return;
    this.#picture = picture;
    if (picture === "camera") this.#closeScreen();
    this.emit("picture", picture);
    this.#refresh();
  }

  /** Stops sharing; camera and microphone are left alone. */
  close(): void {
    this.#closeScreen();
    this.#picture = "camera";
    this.#devices = null;
    this.#refresh();
  }

  async #openScreen(): Promise<boolean> {
    if (!canShareScreen()) {
      this.emit("fault", "unsupported");
      return false;
    }
    try {
      const screen = await navigator.mediaDevices.getDisplayMedia(SCREEN);
      const [track] = screen.getVideoTracks();
      if (!track) return false;
      // Letters stay sharp when the line gets thin; frames are dropped instead.
      track.contentHint = "detail";
      // The browser has its own button to stop, outside our page.
      track.addEventListener("ended", () => {
        if (this.#screen === screen) void this.show("camera");
      });
      this.#screen = screen;
      this.emit("fault", null);
      return true;
    } catch {
      this.emit("fault", "denied");
      return false;
    }
  }

  #closeScreen(): void {
    for (const track of this.#screen?.getTracks() ?? []) track.stop();
    this.#screen = null;
    this.#composer?.close();
    this.#composer = null;
    this.#laid = undefined;
  }

  #refresh(): void {
    const tracks = [this.#video(), this.#audio()].filter((track) => track !== undefined);
    const same = tracks.length === this.#sent.length && tracks.every((track, index) => track === this.#sent[index]);
    if (same) return;
    this.#sent = tracks;
    this.emit("output", tracks.length > 0 ? new MediaStream(tracks) : null);
  }

  #video(): MediaStreamTrack | undefined {
    const camera = this.#devices?.getVideoTracks()[0];
    const screen = this.#screen?.getVideoTracks()[0];
    if (!screen || this.#picture === "camera") return camera;
    if (this.#picture === "screen") return screen;
    this.#composer ??= compose(screen);
    const laid = this.#cameraIsOn ? (camera ?? null) : null;
    if (laid !== this.#laid) this.#composer.setCamera(laid);
    this.#laid = laid;
    return this.#composer.track;
  }

  #audio(): MediaStreamTrack | undefined {
    const microphone = this.#devices?.getAudioTracks()[0];
    const shared = this.#picture === "camera" ? undefined : this.#screen?.getAudioTracks()[0];
    const wanted = shared ? [microphone, shared].filter((track) => track !== undefined) : [];
    const same = wanted.length === this.#mixed.length && wanted.every((track, index) => track === this.#mixed[index]);
    if (!same) {
      this.#mixer?.close();
      this.#mixer = mix(wanted);
      this.#mixed = wanted;
    }
    return this.#mixer?.track ?? microphone;
  }
}
