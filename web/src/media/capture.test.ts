import { afterEach, expect, test, vi } from "vitest";
import { Capture, type DeviceFault } from "./capture";

class Track extends EventTarget {
  enabled = true;
  stopped = false;
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
    this.tracks = [...tracks];
  }

  getTracks() {
    return this.tracks;
  }
}

interface Asked {
  video?: { deviceId?: { ideal: string } };
  audio?: object;
}

function install(kinds: string[], refuse?: string) {
  const asked: Asked[] = [];
  const mediaDevices = Object.assign(new EventTarget(), {
    enumerateDevices: async () => kinds.map((kind) => ({ kind, deviceId: kind, label: kind })),
    getUserMedia: async (constraints: Asked) => {
      asked.push(constraints);
      if (refuse) throw Object.assign(new Error(refuse), { name: refuse });
      return new Stream([
        ...(constraints.video ? [new Track("video")] : []),
        ...(constraints.audio ? [new Track("audio")] : []),
      ]);
    },
  });
  vi.stubGlobal("MediaStream", Stream);
  vi.stubGlobal("navigator", { mediaDevices });
  return asked;
}

function watch(capture: Capture) {
  const seen = { stream: null as Stream | null, fault: null as DeviceFault | null };
  capture.on("stream", (stream) => {
    seen.stream = stream as unknown as Stream | null;
  });
  capture.on("fault", (fault) => {
    seen.fault = fault;
  });
  return seen;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("both devices are asked for in one question", async () => {
  const asked = install(["videoinput", "audioinput"]);
  const capture = new Capture({ camera: "front", microphone: null });
  const seen = watch(capture);
  await capture.open();
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ video: { deviceId: { ideal: "front" } }, audio: {} });
  expect(seen.stream?.getTracks().map((track) => track.kind)).toEqual(["video", "audio"]);
});

test("a computer without a camera still gives its microphone", async () => {
  const asked = install(["audioinput"]);
  const capture = new Capture({ camera: null, microphone: null });
  await capture.open();
  expect(asked[0]?.video).toBeUndefined();
});

test("another camera leaves the microphone alone and keeps a switched-off camera off", async () => {
  const asked = install(["videoinput", "audioinput"]);
  const capture = new Capture({ camera: null, microphone: null });
  const seen = watch(capture);
  await capture.open();
  const [first, sound] = seen.stream?.getTracks() ?? [];
  if (first) first.enabled = false;
  await capture.choose("camera", "back");
  expect(asked[1]?.audio).toBeUndefined();
  expect(first?.stopped).toBe(true);
  expect(sound?.stopped).toBe(false);
  expect(seen.stream?.getTracks().map((track) => [track.kind, track.enabled])).toEqual([
    ["audio", true],
    ["video", false],
  ]);
});

test.each([
  ["NotAllowedError", "denied"],
  ["NotFoundError", "missing"],
  ["NotReadableError", "busy"],
  ["TypeError", "unknown"],
])("%s is told as %s", async (name, fault) => {
  install(["videoinput"], name);
  const capture = new Capture({ camera: null, microphone: null });
  const seen = watch(capture);
  await capture.open();
  expect(seen.fault).toBe(fault);
});

test("a page on plain http is told so", async () => {
  vi.stubGlobal("navigator", {});
  const capture = new Capture({ camera: null, microphone: null });
  const seen = watch(capture);
  await capture.open();
  expect(seen.fault).toBe("insecure");
});

test("closing turns everything off", async () => {
  install(["videoinput", "audioinput"]);
  const capture = new Capture({ camera: null, microphone: null });
  const seen = watch(capture);
  await capture.open();
  const tracks = seen.stream?.getTracks() ?? [];
  capture.close();
  expect(tracks.map((track) => track.stopped)).toEqual([true, true]);
  expect(seen.stream).toBeNull();
});
