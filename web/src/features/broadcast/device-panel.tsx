/** Which camera and microphone, on or off, and how loud. */
import { Mic, MicOff, Video, VideoOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceKind } from "../../media/capture";
import { watchLevel } from "../../media/level-meter";
import { Button } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { Card } from "../../ui/page";
import { Alert } from "../../ui/states";
import type { useCapture } from "./use-capture";

/** Choices and switches for both devices. */
export function DevicePanel({ capture }: { capture: ReturnType<typeof useCapture> }) {
  const { t } = useTranslation();
  const { enabled, stream, fault, toggle } = capture;
  return (
    <Card className="grid gap-4 p-4 max-sm:mx-4 sm:grid-cols-2 sm:p-5">
      <div className="grid content-start gap-3">
        <DeviceSelect kind="camera" capture={capture} />
        <Button variant="secondary" disabled={!stream} onClick={() => toggle("camera")}>
          {enabled.camera ? <Video aria-hidden="true" /> : <VideoOff aria-hidden="true" />}
          {enabled.camera ? t("broadcast.stopCamera") : t("broadcast.startCamera")}
        </Button>
      </div>
      <div className="grid content-start gap-3">
        <DeviceSelect kind="microphone" capture={capture} />
        <Button variant="secondary" disabled={!stream} onClick={() => toggle("microphone")}>
          {enabled.microphone ? <Mic aria-hidden="true" /> : <MicOff aria-hidden="true" />}
          {enabled.microphone ? t("broadcast.muteMic") : t("broadcast.unmuteMic")}
        </Button>
        <LevelMeter stream={stream} />
      </div>
      {fault && stream ? (
        <div className="sm:col-span-2">
          <Alert tone="warn">
            {t(`broadcast.fault.${fault}.title`)}. {t(`broadcast.fault.${fault}.hint`)}
          </Alert>
        </div>
      ) : null}
    </Card>
  );
}

interface DeviceSelectProps {
  kind: DeviceKind;
  capture: ReturnType<typeof useCapture>;
}

function DeviceSelect({ kind, capture }: DeviceSelectProps) {
  const { t } = useTranslation();
  const devices = capture.devices.filter((device) => device.kind === kind);
  const chosen = devices.some((device) => device.id === capture.choice[kind]) ? capture.choice[kind] : null;
  return (
    <SelectField
      label={t(`broadcast.${kind}`)}
      value={chosen ?? ""}
      disabled={devices.length === 0}
      onChange={(event) => capture.choose(kind, event.target.value || null)}
    >
      <option value="">{t("broadcast.systemDefault")}</option>
      {devices
        // Chromium lists its "default" device beside the real ones: that is our empty choice.
        .filter((device) => device.id !== "default")
        .map((device, index) => (
          <option key={device.id} value={device.id}>
            {device.label ||
              t(kind === "camera" ? "broadcast.unnamedCamera" : "broadcast.unnamedMicrophone", { number: index + 1 })}
          </option>
        ))}
    </SelectField>
  );
}

function LevelMeter({ stream }: { stream: MediaStream | null }) {
  const { t } = useTranslation();
  const [level, setLevel] = useState(0);

  useEffect(() => {
    if (!stream) return;
    const stop = watchLevel(stream, setLevel);
    return () => {
      stop();
      setLevel(0);
    };
  }, [stream]);

  const loud = level > 0.95;
  return (
    <div className="h-2 overflow-hidden rounded-full bg-raised ring-1 ring-line">
      <meter className="sr-only" aria-label={t("broadcast.level")} max={100} value={Math.round(level * 100)} />
      <div
        className={loud ? "h-full bg-live" : "h-full bg-good"}
        style={{ width: `${level * 100}%`, transition: "width 60ms linear" }}
      />
    </div>
  );
}
