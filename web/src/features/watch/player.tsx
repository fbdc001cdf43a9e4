/** Chooses what the stage shows for the state that a class is in. */
import { Link } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { playlistOf, storyboardOf } from "../../api/sessions";
import type { Session } from "../../api/types";
import { buttonClass } from "../../ui/button";
import { EnrolPanel } from "./enrol-panel";
import { LiveStage } from "./live-stage";
import { ReplayPlayer } from "./replay-player";
import { Stage, StageNotice } from "./stage";
import type { Place } from "./use-replay";
import { WaitingRoom } from "./waiting-room";

interface PlayerProps {
  session: Session;
  signedIn: boolean;
  /** Lies over the picture of a live class. */
  overlay?: ReactNode;
}

/** The player of one class, from before its start until after its end. */
export function Player({ session, signedIn, overlay }: PlayerProps) {
  /** Who was behind when the class ended goes on from there. */
  const place = useRef<Place>(null);
  const onMove = (next: Place | null) => {
    place.current = next;
  };
  if (session.status === "cancelled") return <Cancelled />;
  if (session.status === "ended" && isGone(session)) return <Ended session={session} />;
  if (!session.canWatch) return <NoAccess session={session} signedIn={signedIn} />;
  if (session.status === "upcoming") return <WaitingRoom session={session} />;
  if (session.status === "live") return <LiveStage session={session} overlay={overlay} onMove={onMove} />;
  return (
    <ReplayPlayer
      playlist={playlistOf(session)}
      poster={session.thumbnailUrl}
      storyboard={storyboardOf(session)}
      recording={session.recording}
      from={place.current}
      countFor={signedIn ? session.id : null}
    />
  );
}

/** There is nothing to replay, or not for this person any more: instructors may after its time, too. */
function isGone(session: Session): boolean {
  return !session.recordingAvailable || (!session.canWatch && isExpired(session));
}

function isExpired({ recordingExpiresAt }: Session): boolean {
  return recordingExpiresAt ? Date.parse(recordingExpiresAt) < Date.now() : false;
}

function Cancelled() {
  const { t } = useTranslation();
  return (
    <Stage state="ended">
      <StageNotice title={t("watch.cancelled.title")}>
        <p className="opacity-90">{t("watch.cancelled.text")}</p>
      </StageNotice>
    </Stage>
  );
}

/** A recording is ready seconds after the end; this long we say that it is coming. */
const PREPARING_MS = 2 * 60_000;

function Ended({ session }: { session: Session }) {
  const { t } = useTranslation();
  const { actualEnd, recordingEnabled } = session;
  const expired = isExpired(session);
  const fresh = Boolean(recordingEnabled && actualEnd && Date.now() - Date.parse(actualEnd) < PREPARING_MS);
  const text = expired ? t("watch.ended.expired") : fresh ? t("watch.ended.preparing") : t("watch.ended.none");
  return (
    <Stage state="ended">
      <StageNotice title={t("watch.ended.title")} busy={fresh && !expired}>
        <p className="opacity-90">{text}</p>
      </StageNotice>
    </Stage>
  );
}

function NoAccess({ session, signedIn }: { session: Session; signedIn: boolean }) {
  const { t } = useTranslation();
  if (signedIn) return <EnrolPanel session={session} />;
  const next = `/streams/${session.id}/watch`;
  return (
    <Stage state="idle">
      <StageNotice title={t("watch.noAccess.title")}>
        <p className="opacity-90">{t("watch.noAccess.text")}</p>
        <div className="mt-3 flex flex-wrap justify-center gap-2">
          <Link to="/login" search={{ next }} className={buttonClass()}>
            {t("nav.logIn")}
          </Link>
          <Link to="/signup" search={{ next }} className={buttonClass({ variant: "secondary" })}>
            {t("nav.signUp")}
          </Link>
        </div>
      </StageNotice>
    </Stage>
  );
}
