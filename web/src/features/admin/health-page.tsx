/** How the server is, with live plots. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Health, healthQuery } from "../../api/admin";
import { useBytes } from "../../ui/bytes";
import { useLocale } from "../../ui/i18n/locale";
import { useLength } from "../../ui/length";
import { Moment } from "../../ui/moment";
import { bitrate, percent } from "../../ui/numbers";
import { Page } from "../../ui/page";
import { Sparkline } from "../../ui/sparkline";
import { StatTile } from "../../ui/stat-tile";
import { Alert, ErrorState, Loading, Skeleton } from "../../ui/states";
import { SamplePanel } from "./sample-panel";

/** Measurements of a plot: two minutes at the pace of the question. */
const PLOTTED = 60;

/** `/admin` */
export function HealthPage() {
  const { t } = useTranslation();
  const { data, isError, error, refetch } = useQuery(healthQuery);
  const history = useHistory(data);
  return (
    <Page title={t("admin.pages.health")} lead={data ? t("admin.health.version", { version: data.version }) : ""}>
      <div className="grid gap-6">
        {isError && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {!isError && !data ? (
          <Loading>
            <Skeleton className="h-64" />
          </Loading>
        ) : null}
        {data ? (
          <>
            <Alerts health={data} />
            <Tiles health={data} history={history} />
          </>
        ) : null}
        <SamplePanel />
      </div>
    </Page>
  );
}

function useHistory(latest: Health | undefined): Health[] {
  const [history, setHistory] = useState<Health[]>([]);
  useEffect(() => {
    if (latest) setHistory((last) => [...last.slice(1 - PLOTTED), latest]);
  }, [latest]);
  return history;
}

function Alerts({ health }: { health: Health }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="text-sm text-muted">
        {t("admin.health.reachability")}: {health.reachability}
      </p>
      {health.alerts.length === 0 ? <Alert tone="good">{t("admin.health.fine")}</Alert> : null}
      {health.alerts.map(({ code, detail, since }) => {
        const known = ALERTS.find((one) => one === code);
        return (
          <Alert key={code} tone="danger">
            {known ? <p>{t(`admin.health.alerts.${known}`)}</p> : null}
            <p className={known && "font-normal"}>
              {detail} (<Moment at={since} />)
            </p>
          </Alert>
        );
      })}
    </>
  );
}

/** What has words in both languages; the server's own, with the numbers, stand below. */
const ALERTS = [
  "disk-low",
  "recording-failing",
  "recorder-behind",
  "upload-failing",
  "media-restarted",
  "media-slow",
  "jobs-dead",
] as const;

interface Plotted {
  id: string;
  name: string;
  value: string;
  raw: number;
  values: number[];
  least: number;
}

function Tiles({ health, history }: { health: Health; history: Health[] }) {
  const { t } = useTranslation();
  const length = useLength();
  const bytes = useBytes();
  const plotted = usePlotted(health, history);
  const ms = (value: number | null | undefined) =>
    value == null ? t("common.none") : t("stats.ms", { value: Math.round(value) });
  return (
    <dl className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3">
      {plotted.map(({ id, name, value, raw, values, least }) => (
        <StatTile key={id} id={id} name={name} value={value} raw={raw}>
          <div className="text-primary">
            <Sparkline values={values} capacity={PLOTTED} least={least} label={t("admin.health.trend", { name })} />
          </div>
        </StatTile>
      ))}
      <StatTile id="join" name={t("admin.health.join")} value={ms(health.joinMsP50)} raw={health.joinMsP50} />
      <StatTile id="delay" name={t("admin.health.delay")} value={ms(health.forwardDelayMsP99)} />
      <StatTile id="lag" name={t("admin.health.lag")} value={ms(health.recorderLagMs)} />
      <StatTile
        id="disk"
        name={t("admin.health.disk")}
        value={t("admin.health.diskValue", {
          free: bytes(health.disk.freeBytes),
          total: bytes(health.disk.totalBytes),
        })}
      />
      <StatTile
        id="jobs"
        name={t("admin.pages.jobs")}
        value={t("admin.health.jobsValue", { ready: health.jobs.ready, dead: health.jobs.dead })}
        raw={health.jobs.dead}
      />
      <StatTile id="uptime" name={t("admin.health.uptime")} value={length(health.uptimeS)} raw={health.uptimeS} />
    </dl>
  );
}

function usePlotted(health: Health, history: Health[]): Plotted[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const bytes = useBytes();
  const over = (read: (one: Health) => number) => ({ raw: read(health), values: history.map(read) });
  return [
    {
      id: "viewers",
      name: t("admin.health.viewers"),
      value: health.viewers.toLocaleString(locale),
      ...over((one) => one.viewers),
      least: 5,
    },
    {
      id: "publishers",
      name: t("admin.health.publishers"),
      value: health.publishers.toLocaleString(locale),
      ...over((one) => one.publishers),
      least: 2,
    },
    {
      id: "bitrate",
      name: t("admin.health.bitrate"),
      value: bitrate(health.bitrateOutBps, locale),
      ...over((one) => one.bitrateOutBps),
      least: 1_000_000,
    },
    {
      id: "loss",
      name: t("stats.loss"),
      value: health.lossPercent == null ? t("common.none") : percent(health.lossPercent / 100, locale),
      ...over((one) => one.lossPercent ?? 0),
      least: 5,
    },
    {
      id: "cpu",
      name: t("admin.health.cpu"),
      value: percent(health.cpu.processPercent / 100, locale),
      ...over((one) => one.cpu.processPercent),
      least: 100,
    },
    {
      id: "memory",
      name: t("admin.health.memory"),
      value: bytes(health.memoryBytes),
      ...over((one) => one.memoryBytes),
      least: 100_000_000,
    },
  ];
}
