/** Recordings: where they are, how large, until when. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Recording, recordingsQuery } from "../../api/admin";
import { Badge } from "../../ui/badge";
import { useBytes } from "../../ui/bytes";
import { Moment } from "../../ui/moment";
import { Page } from "../../ui/page";
import { StatTile } from "../../ui/stat-tile";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { Cell, Row, Table } from "../../ui/table";
import { clock } from "../../ui/time";

const TONES = {
  live: "live",
  local: "neutral",
  uploading: "warn",
  stored: "good",
  archived: "neutral",
  deleted: "danger",
} as const;

/** `/admin/recordings` */
export function RecordingsPage() {
  const { t } = useTranslation();
  const bytes = useBytes();
  const { data, isPending, error, refetch } = useQuery(recordingsQuery);
  const head = ["title", "state", "length", "size", "until"] as const;
  return (
    <Page title={t("admin.pages.recordings")} lead={t("admin.recordings.lead")}>
      {isPending ? (
        <Loading>
          <Skeleton className="h-64" />
        </Loading>
      ) : null}
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data ? (
        <div className="grid gap-4">
          <dl className="grid grid-cols-2 gap-3 sm:max-w-md">
            <StatTile
              id="used"
              name={t("admin.recordings.used")}
              value={bytes(data.totalBytes)}
              raw={data.totalBytes}
            />
            <StatTile id="free" name={t("admin.recordings.free")} value={bytes(data.freeBytes)} raw={data.freeBytes} />
          </dl>
          {data.recordings.length === 0 ? (
            <EmptyState title={t("admin.recordings.none")} />
          ) : (
            <Table caption={t("admin.pages.recordings")} head={head.map((name) => t(`admin.recordings.${name}`))}>
              {data.recordings.map((recording) => (
                <RecordingRow key={recording.sessionId} recording={recording} />
              ))}
            </Table>
          )}
        </div>
      ) : null}
    </Page>
  );
}

function RecordingRow({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const bytes = useBytes();
  return (
    <Row>
      <Cell>
        <Link
          to="/streams/$id/watch"
          params={{ id: recording.sessionId }}
          className="font-medium underline-offset-2 hover:underline"
        >
          {recording.title}
        </Link>
        {recording.error ? <p className="text-danger wrap-anywhere">{recording.error}</p> : null}
      </Cell>
      <Cell nowrap>
        <Badge tone={TONES[recording.state]}>{t(`admin.recordings.states.${recording.state}`)}</Badge>
      </Cell>
      <Cell>{clock(recording.durationS)}</Cell>
      <Cell nowrap>{bytes(recording.bytes)}</Cell>
      <Cell>{recording.expiresAt ? <Moment at={recording.expiresAt} /> : t("common.none")}</Cell>
    </Row>
  );
}
