/** What is said over a picture that comes by HLS. */
import { LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { undecodable } from "../../media/decodable";
import { Button } from "../../ui/button";
import { StageNotice } from "./stage";
import type { useReplay } from "./use-replay";

interface HlsNoticesProps {
  replay: ReturnType<typeof useReplay>;
  starved: boolean;
  /** What it is coded in, where that is known. */
  recording?: Session["recording"];
}

/** A fault with a way to try again, what the browser lacks to show a picture, or a wheel while data is awaited. */
export function HlsNotices({ replay, starved, recording }: HlsNoticesProps) {
  const { t } = useTranslation();
  const missing = recording ? undecodable(recording).join(", ") : "";
  const lack = missing ? <p className="opacity-90">{t("watch.replayFault.missing", { codecs: missing })}</p> : null;
  if (replay.fault) {
    return (
      <StageNotice title={t(`watch.replayFault.${replay.fault}.title`)}>
        {replay.fault === "media" ? lack : null}
        <p className="opacity-90">{t(`watch.replayFault.${replay.fault}.text`)}</p>
        <Button variant="secondary" size="small" className="mt-2" onClick={replay.retry}>
          {t("common.retry")}
        </Button>
      </StageNotice>
    );
  }
  if (lack) return <StageNotice title={t("watch.soundOnly")}>{lack}</StageNotice>;
  if (!starved) return null;
  return (
    <div role="status" className="pointer-events-none absolute inset-0 z-10 flex items-center justify-center">
      <LoaderCircle className="size-12 animate-spin" aria-hidden="true" />
      <span className="sr-only">{t("common.loading")}</span>
    </div>
  );
}
