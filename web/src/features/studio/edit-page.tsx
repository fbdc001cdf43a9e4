/** Changing a class, or all that are still to come of its series. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { changeSeries, changeSession, ownSessionQuery, uploadThumbnail } from "../../api/instructor";
import type { Session } from "../../api/types";
import { SelectField } from "../../ui/field";
import { Card, Page } from "../../ui/page";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { text } from "../../ui/use-form";
import { type Scope, toChange } from "./plan";
import { PlanForm } from "./plan-form";
import { fileOf } from "./thumbnail";

const route = getRouteApi("/instructor/streams/$id/edit");

/** `/instructor/streams/{id}/edit` */
export function EditPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  // Asked once: a fresh answer must not take away what is being typed.
  const session = useQuery({ ...ownSessionQuery(id), refetchInterval: false });
  return (
    <Page title={t("create.editTitle")} lead={session.data?.title ?? ""} width="text">
      {session.isError ? <ErrorState error={session.error} onRetry={() => void session.refetch()} /> : null}
      {session.isPending ? (
        <Loading>
          <Skeleton className="h-96" />
        </Loading>
      ) : null}
      {session.data ? (
        <Card className="p-5 sm:p-6">
          <ChangeForm session={session.data} />
        </Card>
      ) : null}
    </Page>
  );
}

function ChangeForm({ session }: { session: Session }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const inSeries = session.seriesId != null && session.status === "upcoming";

  async function send(data: FormData): Promise<void> {
    const scope: Scope = text(data, "scope") === "all" ? "all" : "one";
    const change = toChange(data, session, scope);
    if (scope === "all" && session.seriesId) await changeSeries(session.seriesId, change);
    else await changeSession(session.id, change);
    const picture = fileOf(data);
    if (picture) await uploadThumbnail(session.id, picture);
  }

  async function onDone(): Promise<void> {
    await queries.invalidateQueries();
    await navigate({ to: "/instructor/streams" });
  }

  return (
    <PlanForm initial={session} isChange submit={t("create.save")} send={send} onDone={onDone}>
      {inSeries ? (
        <SelectField name="scope" label={t("create.scope.label")} hint={t("create.scope.hint")} defaultValue="one">
          <option value="one">{t("create.scope.one")}</option>
          <option value="all">{t("create.scope.all")}</option>
        </SelectField>
      ) : null}
    </PlanForm>
  );
}
