/** The broadcaster's own picture, or why there is none. */
import { clsx } from "clsx";
import { LoaderCircle, VideoOff } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { LiveBadge } from "../../ui/badge";
import { Button } from "../../ui/button";
import type { useCapture } from "./use-capture";
import type { useScene } from "./use-scene";

interface PreviewProps {
  capture: ReturnType<typeof useCapture>;
  scene: ReturnType<typeof useScene>;
  onAir: boolean;
}

/** What the viewers see, without its sound. */
export function Preview({ capture, scene, onAir }: PreviewProps) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const { fault, opening } = capture;
  const stream = scene.output;

  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);

  const isCamera = scene.picture === "camera";
  const dark = stream !== null && isCamera && (!capture.enabled.camera || stream.getVideoTracks().length === 0);
  return (
    <section
      aria-label={t("broadcast.preview")}
      data-state={stream ? "ready" : fault ? "fault" : "opening"}
      className="relative isolate aspect-video overflow-hidden bg-black text-white sm:rounded-card"
    >
      {/* The camera is mirrored, as people know their own face; the viewers see it the right way round. */}
      <video
        ref={video}
        autoPlay
        playsInline
        muted
        className={clsx("size-full object-contain", isCamera && "-scale-x-100")}
      />
      {onAir ? (
        <div className="absolute top-3 left-3 z-10">
          <LiveBadge />
        </div>
      ) : null}
      {dark ? (
        <Message>
          <VideoOff className="size-10" aria-hidden="true" />
          <p className="font-semibold">{t("broadcast.cameraOff")}</p>
        </Message>
      ) : null}
      {fault && !stream ? (
        <Message alert>
          <VideoOff className="size-8 sm:size-10" aria-hidden="true" />
          <p className="text-base font-semibold sm:text-lg">{t(`broadcast.fault.${fault}.title`)}</p>
          <p className="max-w-prose text-sm opacity-90">{t(`broadcast.fault.${fault}.hint`)}</p>
          <Button variant="secondary" size="small" onClick={capture.retry}>
            {t("common.retry")}
          </Button>
        </Message>
      ) : null}
      {opening && !stream && !fault ? (
        <Message>
          <LoaderCircle className="size-8 animate-spin" aria-hidden="true" />
          <p className="font-semibold">{t("broadcast.allow")}</p>
          <p className="max-w-prose text-sm opacity-90">{t("broadcast.allowHint")}</p>
        </Message>
      ) : null}
    </section>
  );
}

function Message({ alert = false, children }: { alert?: boolean; children: ReactNode }) {
  return (
    <div
      role={alert ? "alert" : "status"}
      className="absolute inset-0 flex flex-col items-center justify-center gap-2 bg-[hsl(216_30%_8%)] p-4 text-center"
    >
      {children}
    </div>
  );
}
