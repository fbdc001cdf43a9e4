/** Example data for a first look: loaded once, taken away when it is not needed any more. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Sparkles, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { loadSample, removeSample, sampleQuery } from "../../api/admin";
import { Button } from "../../ui/button";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { Failure } from "../../ui/failure";
import { Card } from "../../ui/page";

/** What it is, and the button for it. */
export function SamplePanel() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const sample = useQuery(sampleQuery);
  const settled = { onSettled: () => queries.invalidateQueries() };
  const load = useMutation({ mutationFn: loadSample, ...settled });
  const remove = useMutation({ mutationFn: removeSample, ...settled });
  const error = load.error ?? remove.error ?? sample.error;
  return (
    <Card className="grid gap-3 p-4 sm:p-5">
      <h2 className="font-semibold">{t("admin.sample.title")}</h2>
      <p className="max-w-prose text-sm text-muted">
        {sample.data ? t("admin.sample.loaded") : t("admin.sample.text")}
      </p>
      <Failure error={error} boxed />
      <div>
        {sample.data ? (
          <ConfirmDialog
            trigger={
              <Button variant="secondary" disabled={remove.isPending}>
                <Trash2 aria-hidden="true" />
                {t("admin.sample.remove")}
              </Button>
            }
            title={t("admin.sample.removeTitle")}
            description={t("admin.sample.removeText")}
            action={t("admin.sample.remove")}
            onConfirm={() => remove.mutate()}
          />
        ) : (
          <Button disabled={load.isPending || sample.data === undefined} onClick={() => load.mutate()}>
            <Sparkles aria-hidden="true" />
            {t("admin.sample.load")}
          </Button>
        )}
      </div>
    </Card>
  );
}
