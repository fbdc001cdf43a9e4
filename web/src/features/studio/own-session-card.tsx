/** One class of the instructor: what it is, how it goes, what can be done. */
import { Link } from "@tanstack/react-router";
import { ExternalLink, Play, Radio, Repeat } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { OwnSession } from "../../api/types";
import { Badge, LiveBadge, PhaseBadge, ViewerCount } from "../../ui/badge";
import { buttonClass } from "../../ui/button";
import { ClassTime } from "../../ui/class-time";
import { Failure } from "../../ui/failure";
import { useLocale } from "../../ui/i18n/locale";
import { Card } from "../../ui/page";
import { useTokens } from "../../ui/tokens";
import { SessionMenu } from "./session-menu";
import { useSessionDeeds } from "./use-session-deeds";

/** A card with badges, figures and actions. */
export function OwnSessionCard({ session }: { session: OwnSession }) {
  const { t } = useTranslation();
  const deeds = useSessionDeeds(session);
  return (
    <Card className="p-4 sm:p-5">
      <article
        className="flex flex-wrap items-center justify-between gap-4"
        aria-labelledby={`title-${session.id}`}
        data-session={session.id}
        data-status={session.status}
      >
        <div className="grid min-w-0 flex-1 basis-72 gap-2">
          <div className="flex flex-wrap items-center gap-2">
            <Status session={session} />
            <PhaseBadge phase={session.phaseId} />
            <Badge>{session.isPublic ? t("studio.public") : t("studio.members")}</Badge>
            {session.seriesId ? (
              <Badge>
                <Repeat aria-hidden="true" />
                {t("studio.series")}
              </Badge>
            ) : null}
          </div>
          <h2 id={`title-${session.id}`} className="text-lg leading-snug font-semibold wrap-anywhere hyphens-auto">
            {session.title}
          </h2>
          <ClassTime start={session.scheduledDate} minutes={session.duration} zone={session.timeZone} />
          <FiguresLine session={session} />
        </div>
        <div className="flex flex-wrap gap-2">
          <MainAction session={session} />
          <SessionMenu session={session} deeds={deeds} />
        </div>
        {deeds.error ? (
          <div className="basis-full">
            <Failure error={deeds.error} boxed />
          </div>
        ) : null}
      </article>
    </Card>
  );
}

function Status({ session }: { session: OwnSession }) {
  const { t } = useTranslation();
  if (session.status !== "live") {
    const tone = session.status === "cancelled" ? "danger" : "neutral";
    return <Badge tone={tone}>{t(`status.${session.status}`)}</Badge>;
  }
  return (
    <>
      <LiveBadge />
      <ViewerCount count={session.viewerCount} />
    </>
  );
}

function FiguresLine({ session }: { session: OwnSession }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const tokens = useTokens();
  const figures = [
    { name: t("broadcast.enrolments"), value: session.totalEnrollments.toLocaleString(locale) },
    { name: t("broadcast.revenue"), value: tokens(session.revenueTokens) },
    { name: t("broadcast.peak"), value: session.maxViewers.toLocaleString(locale) },
  ];
  return (
    <dl className="flex flex-wrap gap-x-5 gap-y-1 text-sm">
      {figures.map(({ name, value }) => (
        <div key={name} className="flex gap-1.5">
          <dt className="text-muted">{name}</dt>
          <dd className="font-semibold tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The one thing that is most likely wanted now. */
function MainAction({ session }: { session: OwnSession }) {
  const { t } = useTranslation();
  if (session.status === "upcoming" || session.status === "live") {
    return (
      <Link
        to="/instructor/streams/$id/broadcast"
        params={{ id: session.id }}
        className={buttonClass()}
        aria-label={`${t("studio.broadcast")}: ${session.title}`}
      >
        <Radio aria-hidden="true" />
        {t("studio.broadcast")}
      </Link>
    );
  }
  const label = session.recordingAvailable ? t("studio.replay") : t("studio.view");
  return (
    <Link
      to="/streams/$id/watch"
      params={{ id: session.id }}
      className={buttonClass({ variant: "secondary" })}
      aria-label={`${label}: ${session.title}`}
    >
      {session.recordingAvailable ? <Play aria-hidden="true" /> : <ExternalLink aria-hidden="true" />}
      {label}
    </Link>
  );
}
