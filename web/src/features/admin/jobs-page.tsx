/** Work that is done later: what waits, what failed for good, and the daily runs. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CirclePlay, RotateCcw, Shuffle, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type DailyWork,
  deleteJob,
  type Job,
  type JobServer,
  type JobState,
  jobsQuery,
  type Run,
  retryJob,
  runsQuery,
  startRun,
} from "../../api/admin";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Failure } from "../../ui/failure";
import { SelectField } from "../../ui/field";
import { Moment } from "../../ui/moment";
import { Page } from "../../ui/page";
import { Paged } from "../../ui/paged";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { Cell, Row, Table } from "../../ui/table";

const STATES = ["ready", "running", "done", "dead"] as const satisfies JobState[];
const TONES = { ready: "neutral", running: "warn", done: "good", dead: "danger" } as const;
/** What the server does every day, and can be told to do now. */
const DAILY = ["cleanup-recordings", "migrate-streams-to-workouts"] as const satisfies DailyWork[];

/** `/admin/jobs` */
export function JobsPage() {
  const { t } = useTranslation();
  const [state, setState] = useState<JobState | null>(null);
  const jobs = useInfiniteQuery(jobsQuery(state));
  const counts = jobs.data?.pages[0]?.counts;
  const head = ["what", "state", "attempts", "next", "deeds"] as const;
  return (
    <Page title={t("admin.pages.jobs")} lead={t("admin.jobs.lead")}>
      <div className="mb-4 max-w-xs">
        <SelectField
          label={t("admin.jobs.state")}
          value={state ?? ""}
          onChange={(event) => setState(STATES.find((one) => one === event.target.value) ?? null)}
        >
          <option value="">{t("studio.all")}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {t(`admin.jobs.states.${one}`)}
              {counts ? ` (${counts[one]})` : ""}
            </option>
          ))}
        </SelectField>
      </div>
      <Paged query={jobs} items={(page) => page.jobs} empty={t("admin.jobs.none")}>
        {(all) => (
          <Table caption={t("admin.pages.jobs")} head={head.map((name) => t(`admin.jobs.${name}`))}>
            {all.map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </Table>
        )}
      </Paged>
      <Runs />
    </Page>
  );
}

function JobRow({ job }: { job: Job }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const settled = { onSettled: () => queries.invalidateQueries({ queryKey: ["admin", "jobs"] }) };
  const retry = useMutation({ mutationFn: (anywhere: boolean) => retryJob(job.id, anywhere), ...settled });
  const remove = useMutation({ mutationFn: () => deleteJob(job.id), ...settled });
  const error = retry.error ?? remove.error;
  const mayWait = job.state === "dead" || job.state === "ready";
  return (
    <Row data-job={job.id} data-state={job.state}>
      <Cell>
        <p className="font-medium">{job.kind}</p>
        <p className="text-muted wrap-anywhere">{job.summary}</p>
        {mayWait && job.server?.isAway ? <Absent server={job.server} /> : null}
        {job.lastError ? <p className="text-danger wrap-anywhere">{job.lastError}</p> : null}
        <Failure error={error} boxed />
      </Cell>
      <Cell nowrap>
        <Badge tone={TONES[job.state]}>{t(`admin.jobs.states.${job.state}`)}</Badge>
      </Cell>
      <Cell>{job.attempts}</Cell>
      <Cell>
        <Moment at={job.state === "ready" ? job.runAt : job.updatedAt} />
      </Cell>
      <Cell>
        <div className="flex justify-end gap-1 md:justify-start">
          {mayWait ? (
            <Button
              variant="secondary"
              size="small"
              disabled={retry.isPending}
              aria-label={t("admin.jobs.retryOf", { what: job.summary })}
              onClick={() => retry.mutate(false)}
            >
              <RotateCcw aria-hidden="true" />
              {t("common.retry")}
            </Button>
          ) : null}
          {mayWait && job.server?.isAway ? (
            <Button
              variant="secondary"
              size="small"
              disabled={retry.isPending}
              aria-label={t("admin.jobs.elsewhereOf", { what: job.summary })}
              onClick={() => retry.mutate(true)}
            >
              <Shuffle aria-hidden="true" />
              {t("admin.jobs.elsewhere")}
            </Button>
          ) : null}
          {job.state === "running" ? null : (
            <Button
              variant="quiet"
              size="small"
              disabled={remove.isPending}
              aria-label={t("admin.jobs.deleteOf", { what: job.summary })}
              onClick={() => remove.mutate()}
            >
              <Trash2 aria-hidden="true" />
            </Button>
          )}
        </div>
      </Cell>
    </Row>
  );
}

/** The server that a job waits for. */
function Absent({ server }: { server: JobServer }) {
  const { t } = useTranslation();
  return (
    <p className="text-warn wrap-anywhere">
      {t("admin.jobs.waitsFor", { server: server.name || t("admin.jobs.unknownServer") })}
      {server.seenAt ? (
        <>
          {" "}
          {t("admin.jobs.seen")} <Moment at={server.seenAt} />
        </>
      ) : null}
    </p>
  );
}

function Runs() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const runs = useQuery(runsQuery);
  const start = useMutation({
    mutationFn: startRun,
    onSettled: () => queries.invalidateQueries({ queryKey: runsQuery.queryKey }),
  });
  return (
    <div className="mt-8 grid gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-lg font-semibold">{t("admin.runs.title")}</h2>
        <div className="flex flex-wrap gap-2">
          {DAILY.map((name) => (
            <Button
              key={name}
              variant="secondary"
              size="small"
              disabled={start.isPending}
              onClick={() => start.mutate(name)}
            >
              <CirclePlay aria-hidden="true" />
              {t(`admin.runs.names.${name}`)}
            </Button>
          ))}
        </div>
      </div>
      <Failure error={start.error} boxed />
      {runs.isPending ? (
        <Loading>
          <Skeleton className="h-24" />
        </Loading>
      ) : null}
      {runs.isError && !runs.data ? <ErrorState error={runs.error} onRetry={() => void runs.refetch()} /> : null}
      {runs.data?.length === 0 ? <EmptyState title={t("admin.runs.none")} /> : null}
      {runs.data && runs.data.length > 0 ? <RunTable runs={runs.data} /> : null}
    </div>
  );
}

function RunTable({ runs }: { runs: Run[] }) {
  const { t } = useTranslation();
  const head = ["name", "started", "done", "failed"] as const;
  return (
    <Table caption={t("admin.runs.title")} head={head.map((name) => t(`admin.runs.${name}`))}>
      {runs.map((run) => {
        const known = DAILY.find((name) => name === run.name);
        return (
          <Row key={run.id}>
            <Cell>
              {known ? t(`admin.runs.names.${known}`) : run.name}
              {run.error ? <p className="text-danger wrap-anywhere">{run.error}</p> : null}
            </Cell>
            <Cell>
              <Moment at={run.startedAt} />
            </Cell>
            <Cell>{run.done}</Cell>
            <Cell>{run.failed}</Cell>
          </Row>
        );
      })}
    </Table>
  );
}
