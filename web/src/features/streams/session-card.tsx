/** One class in a list. */
import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { Check, Lock, Play, Radio } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { Badge, LiveBadge, PhaseBadge, ViewerCount } from "../../ui/badge";
import { buttonClass } from "../../ui/button";
import { ClassTime } from "../../ui/class-time";
import { Card } from "../../ui/page";
import { PriceBadge } from "../../ui/price-badge";
import { Skeleton } from "../../ui/states";
import { Thumbnail } from "../../ui/thumbnail";
import { daysUntil } from "../../ui/time";
import { Prepare } from "./prepare";

/** A class with its picture, its time and the one thing to do with it. */
export function SessionCard({ session, wide = false }: { session: Session; wide?: boolean }) {
  const { t } = useTranslation();
  const live = session.status === "live";
  return (
    <Card className={clsx("overflow-hidden transition-shadow hover:shadow-lift", !wide && "h-full")}>
      <article
        className={clsx("flex flex-col", wide ? "md:flex-row" : "h-full")}
        data-session={session.id}
        data-status={session.status}
      >
        {session.thumbnailUrl || session.status !== "upcoming" ? (
          <div className={clsx(wide && "md:w-3/5 lg:w-2/3")}>
            <Thumbnail url={session.thumbnailUrl} phase={session.phaseId}>
              {live ? <LiveBadge /> : null}
            </Thumbnail>
          </div>
        ) : null}
        <div className={clsx("flex flex-1 flex-col gap-3 p-4", wide && "md:justify-center md:p-6")}>
          <div className="flex flex-wrap items-center gap-2 empty:hidden">
            <PhaseBadge phase={session.phaseId} />
            {session.status === "cancelled" ? <Badge tone="danger">{t("status.cancelled")}</Badge> : null}
            <ReplayBadge session={session} />
            <AccessBadge session={session} />
          </div>
          <div>
            <h3 className="text-lg leading-snug font-semibold wrap-anywhere hyphens-auto">{session.title}</h3>
            <p className="text-sm text-muted">
              <Link
                to="/instructors/$id"
                params={{ id: session.instructorId }}
                className="underline-offset-2 hover:underline"
              >
                {t("streams.by", { name: session.instructorName })}
              </Link>
              {session.topic ? ` · ${session.topic}` : null}
            </p>
          </div>
          {live ? (
            <ViewerCount count={session.viewerCount} />
          ) : (
            <ClassTime start={session.scheduledDate} minutes={session.duration} zone={session.timeZone} />
          )}
          <div className={clsx("grid gap-2 pt-1", !wide && "mt-auto")}>
            {session.status === "upcoming" ? <Prepare session={session} /> : null}
            <Action session={session} />
          </div>
        </div>
      </article>
    </Card>
  );
}

/** The shape of a card that is still being loaded. */
export function SessionCardSkeleton() {
  return (
    <Card className="overflow-hidden">
      <Skeleton className="aspect-video rounded-none" />
      <div className="grid gap-3 p-4">
        <Skeleton className="h-6 w-3/4" />
        <Skeleton className="h-5 w-1/2" />
        <Skeleton className="h-11" />
      </div>
    </Card>
  );
}

function ReplayBadge({ session }: { session: Session }) {
  const { t } = useTranslation();
  if (session.status !== "ended") return null;
  if (!session.recordingAvailable) return <Badge>{t("streams.noReplay")}</Badge>;
  if (!session.recordingExpiresAt) return null;
  const count = daysUntil(session.recordingExpiresAt);
  return <Badge tone={count <= 1 ? "warn" : "neutral"}>{t("streams.daysLeft", { count })}</Badge>;
}

/** Whether the reader is in, and if not, what it takes. */
function AccessBadge({ session }: { session: Session }) {
  const { t } = useTranslation();
  const { status, isEnrolled, isPublic, canWatch, priceInTokens } = session;
  if (isEnrolled) {
    return (
      <Badge tone="good">
        <Check aria-hidden="true" />
        {t("streams.enrolled")}
      </Badge>
    );
  }
  if (status === "cancelled" || isPublic) return null;
  if (status !== "ended") return <PriceBadge price={priceInTokens} />;
  if (canWatch) return null;
  return (
    <Badge>
      <Lock aria-hidden="true" />
      {t("streams.members")}
    </Badge>
  );
}

function Action({ session }: { session: Session }) {
  const { t } = useTranslation();
  const live = session.status === "live";
  const replay = session.status === "ended" && session.recordingAvailable;
  const label = live ? t("streams.watchLive") : replay ? t("streams.watchReplay") : t("streams.details");
  return (
    <Link
      to="/streams/$id/watch"
      params={{ id: session.id }}
      className={`${buttonClass({ variant: live ? "primary" : "secondary" })} w-full`}
      aria-label={`${label}: ${session.title}`}
    >
      {live ? <Radio aria-hidden="true" /> : replay ? <Play aria-hidden="true" /> : null}
      {label}
    </Link>
  );
}
