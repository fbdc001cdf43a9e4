/** Cameras and microphones: finding them, opening them, and saying why that did not work. */

/** Why there is no picture or sound, in terms a person can act on. */
export type DeviceFault = "insecure" | "denied" | "missing" | "busy" | "unknown";

/** A camera or microphone to choose from. */
export interface Device {
  id: string;
  kind: "camera" | "microphone";
  /** As the system names it; empty until the browser has been allowed to tell. */
  label: string;
}

/** The person's choice; null is the system's own. */
export interface DeviceChoice {
  camera: string | null;
  microphone: string | null;
}

/** The devices could not be opened. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
  readonly fault: DeviceFault;

  constructor(fault: DeviceFault, cause?: unknown) {
    super(`camera or microphone: ${fault}`, { cause });
    this.fault = fault;
  }
}

/** Opens the chosen devices, or the system's where the chosen ones are gone. Throws `DeviceError`. */
export async function openDevices(choice: DeviceChoice): Promise<MediaStream> {
  // Browsers hide the devices on plain http, except on the machine itself.
  if (!navigator.mediaDevices?.getUserMedia) throw new DeviceError("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia(constraints(choice));
  } catch (error) {
    throw new DeviceError(faultOf(error), error);
  }
}

/** Lists what can be chosen. Complete only after `openDevices` has been allowed once. */
export async function listDevices(): Promise<Device[]> {
  const infos = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return infos.flatMap(({ kind, deviceId, label }): Device[] => {
    if (deviceId === "") return [];
    if (kind === "videoinput") return [{ id: deviceId, kind: "camera", label }];
    if (kind === "audioinput") return [{ id: deviceId, kind: "microphone", label }];
    return [];
  });
}

/** Calls `listener` when a device is plugged in or out; the returned function ends that. */
export function onDevicesChanged(listener: () => void): () => void {
  navigator.mediaDevices?.addEventListener("devicechange", listener);
  return () => navigator.mediaDevices?.removeEventListener("devicechange", listener);
}

function constraints({ camera, microphone }: DeviceChoice): MediaStreamConstraints {
  return {
    video: {
      ...(camera ? { deviceId: { ideal: camera } } : {}),
      width: { ideal: 1280 },
      height: { ideal: 720 },
      frameRate: { ideal: 30 },
    },
    audio: {
      ...(microphone ? { deviceId: { ideal: microphone } } : {}),
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
    },
  };
}

/** Names of the errors of `getUserMedia` (Media Capture and Streams, section 10). */
function faultOf(error: unknown): DeviceFault {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "unknown";
}
