/** What a class is about, and when. */
import { Link } from "@tanstack/react-router";
import { Check, Radio } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { Badge, LiveBadge, PhaseBadge } from "../../ui/badge";
import { buttonClass } from "../../ui/button";
import { ClassTime } from "../../ui/class-time";
import { CopyButton } from "../../ui/copy-button";
import { Card } from "../../ui/page";
import { PriceBadge } from "../../ui/price-badge";
import { daysUntil } from "../../ui/time";
import { Prepare } from "./prepare";

/** State and title, under the player; what one can do with it follows. */
export function Heading({ session, children }: { session: Session; children?: ReactNode }) {
  const { t } = useTranslation();
  const { status, recordingAvailable, recordingExpiresAt } = session;
  const days = status === "ended" && recordingAvailable && recordingExpiresAt ? daysUntil(recordingExpiresAt) : null;
  return (
    <div className="grid gap-2 px-4 sm:px-0">
      <div className="flex flex-wrap items-center gap-2">
        {status === "live" ? <LiveBadge /> : <Badge>{t(`status.${status}`)}</Badge>}
        <PhaseBadge phase={session.phaseId} />
        {days !== null ? (
          <Badge tone={days <= 1 ? "warn" : "neutral"}>{t("streams.daysLeft", { count: days })}</Badge>
        ) : null}
      </div>
      <h1 className="text-xl leading-tight font-bold tracking-tight wrap-anywhere hyphens-auto sm:text-3xl">
        {session.title}
      </h1>
      {children}
    </div>
  );
}

/** What it is about, and the facts. */
export function About({ session }: { session: Session }) {
  const { t } = useTranslation();
  const open = session.status === "upcoming" || session.status === "live";
  const link = `${location.origin}/streams/${session.id}`;
  return (
    <Card className="grid gap-4 p-5 max-lg:rounded-none max-lg:border-0 max-lg:shadow-none">
      <h2 className="text-lg font-semibold">{t("watch.about")}</h2>
      {session.description ? (
        <p className="max-w-prose whitespace-pre-line wrap-anywhere">{session.description}</p>
      ) : null}
      <dl className="grid gap-4 sm:grid-cols-2">
        <Fact name={t("watch.when")}>
          <ClassTime start={session.scheduledDate} minutes={session.duration} zone={session.timeZone} />
        </Fact>
        <Fact name={t("watch.instructor")}>
          <Link
            to="/instructors/$id"
            params={{ id: session.instructorId }}
            className="underline underline-offset-2 hover:no-underline"
          >
            {session.instructorName}
          </Link>
        </Fact>
        {session.topic ? <Fact name={t("watch.topic")}>{session.topic}</Fact> : null}
        <Fact name={t("watch.length")}>{t("common.minutes", { count: session.duration })}</Fact>
        {session.level ? <Fact name={t("watch.level")}>{session.level}</Fact> : null}
        {session.isPublic ? null : (
          <Fact name={t("watch.access")}>
            {session.isEnrolled ? (
              <Badge tone="good">
                <Check aria-hidden="true" />
                {t("watch.enrolled")}
              </Badge>
            ) : (
              <PriceBadge price={session.priceInTokens} />
            )}
          </Fact>
        )}
        <Fact name={t("watch.share")}>
          <span className="flex items-center gap-2">
            <code className="min-w-0 flex-1 truncate rounded-lg bg-raised px-2 py-1.5 font-mono text-sm">{link}</code>
            <CopyButton text={link} label={t("watch.copyLink")} />
          </span>
        </Fact>
      </dl>
      {session.status === "upcoming" ? <Prepare session={session} /> : null}
      {session.canBroadcast && open ? (
        <Link
          to="/instructor/streams/$id/broadcast"
          params={{ id: session.id }}
          className={buttonClass({ variant: "secondary" })}
        >
          <Radio aria-hidden="true" />
          {t("watch.manage")}
        </Link>
      ) : null}
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="mb-0.5 text-sm text-muted">{name}</dt>
      <dd className="min-w-0 wrap-anywhere">{children}</dd>
    </div>
  );
}
