/** The broadcaster's camera and microphone, with the choice remembered. */
import { useEffect, useState } from "react";
import { Capture, type Device, type DeviceChoice, type DeviceFault, type DeviceKind } from "../../media/capture";
import { recall, remember } from "../../ui/storage";

/** What is open and what could be. */
export interface CaptureState {
  stream: MediaStream | null;
  devices: Device[];
  choice: DeviceChoice;
  fault: DeviceFault | null;
  /** Waiting for the person or the system. */
  opening: boolean;
  /** Whether each device sends, or is silenced by the person. */
  enabled: Record<DeviceKind, boolean>;
}

/** Opens the devices while mounted and `wanted`, and lets go of them after that. */
export function useCapture(wanted: boolean) {
  const [capture, setCapture] = useState<Capture | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<CaptureState>(() => ({
    stream: null,
    devices: [],
    choice: { camera: recall("camera"), microphone: recall("microphone") },
    fault: null,
    opening: true,
    enabled: { camera: true, microphone: true },
  }));

  // Each attempt begins anew.
  useEffect(() => {
    void attempt;
    if (!wanted) return;
    const choice = { camera: recall("camera"), microphone: recall("microphone") };
    const opened = new Capture(choice);
    const change = (part: Partial<CaptureState>) => setState((last) => ({ ...last, ...part }));
    opened.on("stream", (stream) => change({ stream }));
    opened.on("fault", (fault) => change({ fault }));
    opened.on("devices", (devices) => change({ devices }));
    setCapture(opened);
    change({ opening: true, fault: null });
    void opened.open().finally(() => change({ opening: false }));
    return () => opened.close();
  }, [attempt, wanted]);

  function choose(kind: DeviceKind, id: string | null): void {
    remember(kind, id);
    setState((last) => ({ ...last, choice: { ...last.choice, [kind]: id } }));
    void capture?.choose(kind, id);
  }

  function toggle(kind: DeviceKind): void {
    const on = !state.enabled[kind];
    const tracks = kind === "camera" ? state.stream?.getVideoTracks() : state.stream?.getAudioTracks();
    for (const track of tracks ?? []) track.enabled = on;
    setState((last) => ({ ...last, enabled: { ...last.enabled, [kind]: on } }));
  }

  return { ...state, choose, toggle, retry: () => setAttempt((last) => last + 1) };
}
