import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Scene } from "./scene";

const composed: { track: Track; camera: Track | null; closed: boolean }[] = [];
const mixed: { tracks: Track[]; closed: boolean }[] = [];

vi.mock("./composer", () => ({
  compose: () => {
    const one = { track: new Track("video"), camera: null as Track | null, closed: false };
    composed.push(one);
    return {
      track: one.track,
      setCamera: (camera: Track | null) => {
        one.camera = camera;
      },
      close: () => {
        one.closed = true;
      },
    };
  },
}));

vi.mock("./mixer", () => ({
  mix: (tracks: Track[]) => {
    if (tracks.length === 0) return null;
    const one = { tracks, closed: false };
    mixed.push(one);
    return {
      track: new Track("mix"),
      close: () => {
        one.closed = true;
      },
    };
  },
}));

class Track extends EventTarget {
  stopped = false;
  contentHint = "";
  readonly kind: string;

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  stop() {
    this.stopped = true;
  }
}

class Stream {
  readonly tracks: Track[];

  constructor(tracks: Track[]) {
    this.tracks = tracks;
  }

  getTracks = () => this.tracks;
  getVideoTracks = () => this.tracks.filter((track) => track.kind === "video");
  getAudioTracks = () => this.tracks.filter((track) => track.kind === "audio");
}

const camera = new Track("video");
const microphone = new Track("audio");
let screen: Track[];
let scene: Scene;
let output: Track[] | undefined;

beforeEach(() => {
  composed.length = 0;
  mixed.length = 0;
  screen = [new Track("video")];
  vi.stubGlobal("MediaStream", Stream);
  vi.stubGlobal("navigator", { mediaDevices: { getDisplayMedia: async () => new Stream(screen) } });
  scene = new Scene();
  scene.on("output", (stream) => {
    output = (stream as unknown as Stream | null)?.tracks;
  });
  scene.setDevices(new Stream([camera, microphone]) as unknown as MediaStream);
});

afterEach(() => {
  scene.close();
});

test("the camera and the microphone go out as they are", () => {
  expect(output).toEqual([camera, microphone]);
});

test("the screen takes the camera's place and gives it back", async () => {
  await scene.show("screen");
  expect(output).toEqual([screen[0], microphone]);
  await scene.show("camera");
  expect(output).toEqual([camera, microphone]);
  expect(screen[0]?.stopped).toBe(true);
  expect(camera.stopped).toBe(false);
});

test("both are composed, and another camera is laid in without a new picture", async () => {
  await scene.show("both");
  expect(output?.[0]).toBe(composed[0]?.track);
  expect(composed[0]?.camera).toBe(camera);
  const other = new Track("video");
  scene.setDevices(new Stream([other, microphone]) as unknown as MediaStream);
  expect(composed).toHaveLength(1);
  expect(composed[0]?.camera).toBe(other);
  scene.setCameraOn(false);
  expect(composed[0]?.camera).toBeNull();
});

test("the browser's own stop button brings the camera back", async () => {
  await scene.show("both");
  screen[0]?.dispatchEvent(new Event("ended"));
  expect(scene.picture).toBe("camera");
  expect(output).toEqual([camera, microphone]);
  expect(composed[0]?.closed).toBe(true);
});

test("a window's sound is mixed with the microphone, for as long as it is shared", async () => {
  const sound = new Track("audio");
  screen.push(sound);
  await scene.show("screen");
  expect(mixed[0]?.tracks).toEqual([microphone, sound]);
  expect(output?.[1]?.kind).toBe("mix");
  await scene.show("camera");
  expect(mixed[0]?.closed).toBe(true);
  expect(output?.[1]).toBe(microphone);
});

test("who says no to sharing goes on with the camera", async () => {
  const faults: (string | null)[] = [];
  scene.on("fault", (fault) => faults.push(fault));
  vi.stubGlobal("navigator", {
    mediaDevices: {
      getDisplayMedia: async () => {
        throw Object.assign(new Error("no"), { name: "NotAllowedError" });
      },
    },
  });
  await scene.show("screen");
  expect(faults).toEqual(["denied"]);
  expect(scene.picture).toBe("camera");
  vi.stubGlobal("navigator", { mediaDevices: {} });
  await scene.show("screen");
  expect(faults.at(-1)).toBe("unsupported");
});
