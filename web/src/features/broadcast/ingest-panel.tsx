/** Address and key for other programs. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Eye, EyeOff, KeyRound } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ingestQuery, rotateKey } from "../../api/instructor";
import { Button } from "../../ui/button";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { CopyButton } from "../../ui/copy-button";
import { Failure } from "../../ui/failure";
import { Card } from "../../ui/page";
import { Skeleton } from "../../ui/states";

const HIDDEN = "••••••••••••••••";

/** What OBS, ffmpeg and the like are given. */
export function IngestPanel({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const ingest = useQuery(ingestQuery(sessionId));
  const [shown, setShown] = useState(false);
  const rotation = useMutation({
    mutationFn: () => rotateKey(sessionId),
    onSuccess: () => queries.invalidateQueries({ queryKey: ingestQuery(sessionId).queryKey }),
  });
  const error = rotation.error ?? ingest.error;
  return (
    <Card className="grid gap-4 p-4 max-sm:mx-4 sm:p-5">
      <div>
        <h2 className="font-semibold">{t("broadcast.other")}</h2>
        <p className="text-sm text-muted">{t("broadcast.otherHint")}</p>
      </div>
      <Failure error={error} boxed />
      {ingest.isPending ? <Skeleton className="h-28" /> : null}
      {ingest.data ? (
        <>
          <Secret name={t("broadcast.whipUrl")} id="whip-url" text={ingest.data.whipUrl}>
            <CopyButton text={ingest.data.whipUrl} label={t("broadcast.copyUrl")} />
          </Secret>
          <Secret name={t("broadcast.streamKey")} id="stream-key" text={shown ? ingest.data.streamKey : HIDDEN}>
            <Button
              variant="secondary"
              size="small"
              aria-pressed={shown}
              aria-label={shown ? t("broadcast.hideKey") : t("broadcast.showKey")}
              onClick={() => setShown((last) => !last)}
            >
              {shown ? <EyeOff aria-hidden="true" /> : <Eye aria-hidden="true" />}
            </Button>
            <CopyButton text={ingest.data.streamKey} label={t("broadcast.copyKey")} />
          </Secret>
          <div>
            <ConfirmDialog
              trigger={
                <Button variant="secondary" size="small" disabled={rotation.isPending}>
                  <KeyRound aria-hidden="true" />
                  {t("broadcast.rotate")}
                </Button>
              }
              title={t("broadcast.rotateTitle")}
              description={t("broadcast.rotateText")}
              action={t("broadcast.rotate")}
              onConfirm={() => rotation.mutate()}
            />
          </div>
        </>
      ) : null}
    </Card>
  );
}

function Secret({ name, id, text, children }: { name: string; id: string; text: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <p className="mb-1 text-sm font-medium">{name}</p>
      <div className="flex items-center gap-2">
        <code data-testid={id} className="min-w-0 flex-1 truncate rounded-lg bg-raised px-2 py-1.5 font-mono text-sm">
          {text}
        </code>
        {children}
      </div>
    </div>
  );
}
