/** Where an instructor goes on the air. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useBlocker } from "@tanstack/react-router";
import { ArrowLeft, ExternalLink } from "lucide-react";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import { ownSessionQuery } from "../../api/instructor";
import type { OwnSession } from "../../api/types";
import { ConversationTabs } from "../../conversation/conversation-tabs";
import { useConversation } from "../../conversation/use-conversation";
import { buttonClass } from "../../ui/button";
import { ClassTime } from "../../ui/class-time";
import { useLocale } from "../../ui/i18n/locale";
import { share } from "../../ui/numbers";
import { Card, Page } from "../../ui/page";
import { explain } from "../../ui/problem";
import { Alert, ErrorState, Loading, Skeleton } from "../../ui/states";
import { useTitle } from "../../ui/use-title";
import { AirPanel } from "./air-panel";
import { ClassFigures } from "./class-figures";
import { DevicePanel } from "./device-panel";
import { HealthPanel } from "./health-panel";
import { IngestPanel } from "./ingest-panel";
import { PicturePanel } from "./picture-panel";
import { Preview } from "./preview";
import { useLowBattery } from "./use-battery";
import { useBroadcast } from "./use-broadcast";
import { useCapture } from "./use-capture";
import { useScene } from "./use-scene";
import { useWakeLock } from "./use-wake-lock";

const route = getRouteApi("/instructor/streams/$id/broadcast");

/** `/instructor/streams/{id}/broadcast` */
export function BroadcastPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const session = useQuery(ownSessionQuery(id));
  if (session.data) return <Studio key={id} session={session.data} />;
  if (session.isError) return <Refused error={session.error} onRetry={() => void session.refetch()} />;
  return (
    <Page title={t("broadcast.panel")}>
      <Loading>
        <Skeleton className="aspect-video max-w-3xl" />
      </Loading>
    </Page>
  );
}

function Studio({ session }: { session: OwnSession }) {
  const { t } = useTranslation();
  const over = session.status === "ended" || session.status === "cancelled";
  const capture = useCapture(!over);
  const scene = useScene(capture.stream, capture.enabled.camera);
  const broadcast = useBroadcast(session, scene.output);
  const onAir = ["connecting", "live", "reconnecting"].includes(broadcast.state);
  useTitle(session.title);
  useWakeLock(onAir);
  useBlocker({ shouldBlockFn: () => onAir && !confirm(t("broadcast.leave")), enableBeforeUnload: () => onAir });

  return (
    <div className="mx-auto w-full max-w-7xl sm:px-6">
      <div className="flex flex-wrap items-end justify-between gap-3 px-4 py-4 sm:px-0 sm:py-6">
        <div className="min-w-0">
          <Link to="/instructor/streams" className="inline-flex items-center gap-1 text-sm text-muted hover:underline">
            <ArrowLeft className="size-4" aria-hidden="true" />
            {t("broadcast.back")}
          </Link>
          <h1 className="text-2xl font-bold tracking-tight wrap-anywhere hyphens-auto sm:text-3xl">{session.title}</h1>
          <div className="mt-1">
            <ClassTime start={session.scheduledDate} minutes={session.duration} zone={session.timeZone} />
          </div>
        </div>
        <Link
          to="/streams/$id/watch"
          params={{ id: session.id }}
          target="_blank"
          className={buttonClass({ variant: "secondary", size: "small" })}
        >
          <ExternalLink aria-hidden="true" />
          {t("broadcast.openPage")}
        </Link>
      </div>
      <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="grid min-w-0 content-start gap-4">
          {over ? null : <Preview capture={capture} scene={scene} onAir={broadcast.state === "live"} />}
          <AirPanel session={session} broadcast={broadcast} ready={scene.output !== null} />
          {over ? null : <BatteryHint />}
          {over ? null : <PicturePanel scene={scene} />}
          {over ? null : <DevicePanel capture={capture} />}
        </div>
        <div className="grid min-w-0 content-start gap-4">
          {over ? null : <ConversationCard session={session} />}
          <ClassFigures session={session} />
          {over ? null : <HealthPanel history={broadcast.history} />}
          {over ? null : <IngestPanel sessionId={session.id} />}
        </div>
      </div>
    </div>
  );
}

/** Chat, polls, questions and raised hands, for the one who runs the class. */
function ConversationCard({ session }: { session: OwnSession }) {
  const { data: user } = useQuery(meQuery);
  const conversation = useConversation(session, user ?? null);
  return (
    <Card className="flex h-128 flex-col overflow-hidden max-sm:mx-4">
      <ConversationTabs conversation={conversation} className="flex-1" />
    </Card>
  );
}

function BatteryHint() {
  const { t } = useTranslation();
  const locale = useLocale();
  const level = useLowBattery();
  if (level === null) return null;
  return (
    <div className="max-sm:mx-4">
      <Alert tone="warn">{t("broadcast.battery", { percent: share(level, locale) })}</Alert>
    </div>
  );
}

function Refused({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <Page title={explain(error, t).title} width="text">
      <ErrorState error={error} onRetry={onRetry} />
    </Page>
  );
}
