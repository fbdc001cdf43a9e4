/** The one big switch: on the air or not, and how it goes. */
import { clsx } from "clsx";
import { Radio, Square } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { ViewerCount } from "../../ui/badge";
import { Button } from "../../ui/button";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { Failure } from "../../ui/failure";
import { Card } from "../../ui/page";
import { clock } from "../../ui/time";
import { useNow } from "../../ui/use-now";
import type { BroadcastState, useBroadcast } from "./use-broadcast";

interface AirPanelProps {
  session: Session;
  broadcast: ReturnType<typeof useBroadcast>;
  /** There is something to send. */
  ready: boolean;
}

/** State, length, viewers; go live and end. */
export function AirPanel({ session, broadcast, ready }: AirPanelProps) {
  const { t } = useTranslation();
  const { state, problem } = broadcast;
  const live = session.status === "live";
  const elsewhere = live && (state === "idle" || state === "failed");
  return (
    <Card className="max-sm:mx-4">
      <section aria-label={t("broadcast.panel")} data-state={state} className="grid gap-3 p-4 sm:p-5">
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
          <div className="min-w-0 flex-1 basis-64" role="status">
            <p className="flex items-center gap-2 text-lg font-semibold">
              <Lamp state={state} />
              {t(`broadcast.state.${state}`)}
            </p>
            <p className="text-sm text-muted">
              {elsewhere && state === "idle" ? t("broadcast.elsewhere") : t(`broadcast.stateHint.${state}`)}
            </p>
          </div>
          {live ? (
            <div className="flex items-center gap-4">
              <Elapsed since={session.actualStart} />
              <ViewerCount count={session.viewerCount} />
            </div>
          ) : null}
          <div className="flex flex-wrap gap-2">
            {state === "idle" || state === "failed" ? (
              <Button size="large" disabled={!ready} onClick={broadcast.goLive}>
                <Radio aria-hidden="true" />
                {elsewhere ? t("broadcast.resume") : t("broadcast.goLive")}
              </Button>
            ) : null}
            {state === "reconnecting" ? (
              <Button variant="secondary" size="large" onClick={broadcast.retry}>
                {t("common.retry")}
              </Button>
            ) : null}
            {live ? <EndButton ending={broadcast.ending} onEnd={broadcast.end} /> : null}
          </div>
        </div>
        <Failure error={problem} boxed />
      </section>
    </Card>
  );
}

function EndButton({ ending, onEnd }: { ending: boolean; onEnd: () => void }) {
  const { t } = useTranslation();
  return (
    <ConfirmDialog
      trigger={
        <Button variant="danger" size="large" disabled={ending}>
          <Square aria-hidden="true" className="fill-current" />
          {t("broadcast.end")}
        </Button>
      }
      title={t("broadcast.endTitle")}
      description={t("broadcast.endText")}
      action={t("broadcast.end")}
      onConfirm={onEnd}
    />
  );
}

function Lamp({ state }: { state: BroadcastState }) {
  const look = {
    idle: "bg-edge",
    connecting: "bg-warn animate-pulse-live",
    live: "bg-live animate-pulse-live",
    reconnecting: "bg-warn animate-pulse-live",
    failed: "bg-danger",
    ended: "bg-edge",
  };
  return <span className={clsx("size-3 shrink-0 rounded-full", look[state])} aria-hidden="true" />;
}

function Elapsed({ since }: { since: string | null | undefined }) {
  const now = useNow();
  if (!since) return null;
  return (
    <span role="timer" aria-live="off" className="font-semibold tabular-nums">
      {clock((now - Date.parse(since)) / 1000)}
    </span>
  );
}
