/** The instructor's own classes. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CalendarPlus, ExternalLink, Play, Presentation, Radio, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { deleteSession, ownSessionsQuery } from "../../api/instructor";
import type { Session } from "../../api/types";
import { Badge, LiveBadge, PhaseBadge, ViewerCount } from "../../ui/badge";
import { Button, buttonClass } from "../../ui/button";
import { ClassTime } from "../../ui/class-time";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { Card, Page } from "../../ui/page";
import { explain } from "../../ui/problem";
import { Alert, EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";

/** `/instructor/streams` */
export function StudioPage() {
  const { t } = useTranslation();
  const create = (
    <Link to="/instructor/streams/create" className={buttonClass()}>
      <CalendarPlus aria-hidden="true" />
      {t("studio.create")}
    </Link>
  );
  return (
    <Page title={t("studio.title")} lead={t("studio.lead")} actions={create}>
      <OwnSessions />
    </Page>
  );
}

function OwnSessions() {
  const { t } = useTranslation();
  const own = useQuery(ownSessionsQuery);
  if (own.isPending) {
    return (
      <Loading>
        <div className="grid gap-3">
          <Skeleton className="h-28" />
          <Skeleton className="h-28" />
        </div>
      </Loading>
    );
  }
  if (!own.data) return <ErrorState error={own.error} onRetry={() => void own.refetch()} />;
  if (own.data.length === 0) {
    return (
      <EmptyState icon={<Presentation aria-hidden="true" />} title={t("studio.empty.title")}>
        <p>{t("studio.empty.text")}</p>
      </EmptyState>
    );
  }
  return (
    <ul className="grid gap-3">
      {own.data.map((session) => (
        <li key={session.id}>
          <OwnSession session={session} />
        </li>
      ))}
    </ul>
  );
}

function OwnSession({ session }: { session: Session }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const removal = useMutation({
    mutationFn: () => deleteSession(session.id),
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <Card className="p-4 sm:p-5">
      <article
        className="flex flex-wrap items-center justify-between gap-4"
        data-session={session.id}
        data-status={session.status}
      >
        <div className="grid min-w-0 flex-1 basis-72 gap-2">
          <div className="flex flex-wrap items-center gap-2">
            <Status session={session} />
            <PhaseBadge phase={session.phaseId} />
            <Badge>{session.isPublic ? t("studio.public") : t("studio.members")}</Badge>
          </div>
          <h2 className="text-lg leading-snug font-semibold wrap-anywhere">{session.title}</h2>
          <ClassTime start={session.scheduledDate} minutes={session.duration} zone={session.timeZone} />
        </div>
        <div className="flex flex-wrap gap-2">
          <Actions session={session} />
          <ConfirmDialog
            trigger={
              <Button
                variant="quiet"
                disabled={removal.isPending}
                aria-label={`${t("common.delete")}: ${session.title}`}
              >
                <Trash2 aria-hidden="true" />
              </Button>
            }
            title={t("studio.deleteTitle", { title: session.title })}
            description={t("studio.deleteText")}
            action={t("common.delete")}
            onConfirm={() => removal.mutate()}
          />
        </div>
        {removal.isError ? (
          <div className="basis-full">
            <Alert tone="danger">{Object.values(explain(removal.error, t)).join(" ")}</Alert>
          </div>
        ) : null}
      </article>
    </Card>
  );
}

function Status({ session }: { session: Session }) {
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

function Actions({ session }: { session: Session }) {
  const { t } = useTranslation();
  const open = session.status === "upcoming" || session.status === "live";
  const replay = session.recordingAvailable && !open;
  const label = replay ? t("studio.replay") : t("studio.view");
  return (
    <>
      {open ? (
        <Link
          to="/instructor/streams/$id/broadcast"
          params={{ id: session.id }}
          className={buttonClass()}
          aria-label={`${t("studio.broadcast")}: ${session.title}`}
        >
          <Radio aria-hidden="true" />
          {t("studio.broadcast")}
        </Link>
      ) : null}
      <Link
        to="/streams/$id/watch"
        params={{ id: session.id }}
        className={buttonClass({ variant: "secondary" })}
        aria-label={`${label}: ${session.title}`}
      >
        {replay ? <Play aria-hidden="true" /> : <ExternalLink aria-hidden="true" />}
        {label}
      </Link>
    </>
  );
}
