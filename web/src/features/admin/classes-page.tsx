/** All classes of all instructors. */
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Square } from "lucide-react";
import { useTranslation } from "react-i18next";
import { endSession } from "../../api/instructor";
import { sessionsQuery } from "../../api/sessions";
import type { Session } from "../../api/types";
import { Badge, LiveBadge } from "../../ui/badge";
import { Button, buttonClass } from "../../ui/button";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { useLocale } from "../../ui/i18n/locale";
import { Moment } from "../../ui/moment";
import { Page } from "../../ui/page";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { Cell, Row, Table } from "../../ui/table";

/** `/admin/classes` */
export function ClassesPage() {
  const { t } = useTranslation();
  const lists = useQueries({
    queries: (["live", "upcoming", "ended"] as const).map((status) => sessionsQuery(status)),
  });
  const failed = lists.find((list) => list.isError && !list.data);
  const all = lists.flatMap((list) => list.data ?? []);
  const head = ["title", "instructor", "status", "when", "enrolments", "deeds"] as const;
  return (
    <Page title={t("admin.pages.classes")} lead={t("admin.classes.lead")}>
      {failed ? <ErrorState error={failed.error} onRetry={() => void failed.refetch()} /> : null}
      {!failed && lists.some((list) => list.isPending) ? (
        <Loading>
          <Skeleton className="h-64" />
        </Loading>
      ) : null}
      {lists.every((list) => list.data) && all.length === 0 ? <EmptyState title={t("streams.noUpcoming")} /> : null}
      {all.length > 0 ? (
        <Table caption={t("admin.pages.classes")} head={head.map((name) => t(`admin.classes.${name}`))}>
          {all.map((session) => (
            <ClassRow key={session.id} session={session} />
          ))}
        </Table>
      ) : null}
    </Page>
  );
}

function ClassRow({ session }: { session: Session }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const queries = useQueryClient();
  const end = useMutation({ mutationFn: () => endSession(session.id), onSettled: () => queries.invalidateQueries() });
  return (
    <Row>
      <Cell>
        <Link
          to="/streams/$id/watch"
          params={{ id: session.id }}
          className="font-medium underline-offset-2 hover:underline"
        >
          {session.title}
        </Link>
      </Cell>
      <Cell>{session.instructorName}</Cell>
      <Cell nowrap>{session.status === "live" ? <LiveBadge /> : <Badge>{t(`status.${session.status}`)}</Badge>}</Cell>
      <Cell>
        <Moment at={session.actualStart ?? session.scheduledDate} />
      </Cell>
      <Cell>{session.totalEnrollments.toLocaleString(locale)}</Cell>
      <Cell>
        <div className="flex flex-wrap justify-end gap-2 md:justify-start">
          <Link
            to="/instructor/streams/$id/analytics"
            params={{ id: session.id }}
            className={buttonClass({ variant: "secondary", size: "small" })}
            aria-label={`${t("studio.analytics")}: ${session.title}`}
          >
            {t("studio.analytics")}
          </Link>
          {session.status === "live" ? (
            <ConfirmDialog
              trigger={
                <Button variant="danger" size="small" disabled={end.isPending}>
                  <Square aria-hidden="true" className="fill-current" />
                  {t("broadcast.end")}
                </Button>
              }
              title={t("broadcast.endTitle")}
              description={t("broadcast.endText")}
              action={t("broadcast.end")}
              onConfirm={() => end.mutate()}
            />
          ) : null}
        </div>
      </Cell>
    </Row>
  );
}
