/** Planning a class, a series of classes, or a copy of a class. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { createSeries, createSession, ownSessionQuery, uploadThumbnail } from "../../api/instructor";
import type { Session } from "../../api/types";
import { Card, Page } from "../../ui/page";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { toNewSession } from "./plan";
import { PlanForm } from "./plan-form";
import { repeatOf, ruleOf } from "./repeat";
import { fileOf } from "./thumbnail";

const route = getRouteApi("/instructor/streams/create");

/** `/instructor/streams/create`, with `?from=` the class that is copied */
export function CreatePage() {
  const { t } = useTranslation();
  const { from } = route.useSearch();
  return (
    <Page title={t(from ? "create.copyTitle" : "create.title")} lead={t("create.lead")} width="text">
      <Card className="p-5 sm:p-6">{from ? <CopyForm id={from} /> : <NewForm />}</Card>
    </Page>
  );
}

function CopyForm({ id }: { id: string }) {
  const original = useQuery({ ...ownSessionQuery(id), refetchInterval: false });
  if (original.data) return <NewForm initial={original.data} />;
  if (original.isError) return <ErrorState error={original.error} onRetry={() => void original.refetch()} />;
  return (
    <Loading>
      <Skeleton className="h-96" />
    </Loading>
  );
}

function NewForm({ initial }: { initial?: Session }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();

  async function send(data: FormData): Promise<Session[]> {
    const repeat = repeatOf(data);
    const plan = toNewSession(data);
    const made = repeat ? await createSeries(ruleOf(repeat), plan) : [await createSession(plan)];
    const picture = fileOf(data);
    if (picture) for (const session of made) await uploadThumbnail(session.id, picture);
    return made;
  }

  async function onDone(made: Session[]): Promise<void> {
    await queries.invalidateQueries();
    const [only, another] = made;
    if (only && !another) await navigate({ to: "/instructor/streams/$id/broadcast", params: { id: only.id } });
    else await navigate({ to: "/instructor/streams", search: { order: "oldest", status: "upcoming" } });
  }

  return <PlanForm {...(initial && { initial })} submit={t("create.submit")} send={send} onDone={onDone} />;
}
