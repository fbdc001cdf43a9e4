/** What an empty server tells its visitors to do next. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CalendarPlus, Presentation, Sparkles } from "lucide-react";
import { useTranslation } from "react-i18next";
import { setupQuery } from "../../api/accounts";
import { loadSample, type Role } from "../../api/admin";
import { Button, buttonClass } from "../../ui/button";
import { CopyButton } from "../../ui/copy-button";
import { Failure } from "../../ui/failure";
import { EmptyState } from "../../ui/states";

/** Publishes a made clip, so that the product can be seen without a camera; in the folder where the server was built. */
const DEMO = "make demo";

/** Shown in place of the lists while there is not one class. */
export function FirstVisit({ role }: { role: Role | undefined }) {
  const { t } = useTranslation();
  const { data: needsSetup } = useQuery(setupQuery);
  const teaches = role === "instructor" || role === "admin";
  const text = needsSetup
    ? t("streams.empty.setup")
    : teaches
      ? t("streams.empty.instructor")
      : t("streams.empty.visitor");
  return (
    <EmptyState icon={<Presentation aria-hidden="true" />} title={t("streams.empty.title")}>
      <p>{text}</p>
      {teaches ? (
        <div className="mt-5 flex flex-wrap justify-center gap-2">
          <Link to="/instructor/streams/create" className={buttonClass({ size: "large" })}>
            <CalendarPlus aria-hidden="true" />
            {t("streams.plan")}
          </Link>
          {role === "admin" ? <LoadSample /> : null}
        </div>
      ) : null}
      {teaches || needsSetup ? (
        <div className="mt-8">
          <p>{t("streams.empty.demo")}</p>
          <div className="mt-2 flex items-center justify-center gap-2">
            <code className="rounded-lg bg-raised px-3 py-1.5 font-mono text-ink">{DEMO}</code>
            <CopyButton text={DEMO} label={t("streams.empty.copyDemo")} />
          </div>
        </div>
      ) : null}
    </EmptyState>
  );
}

/** Fills the server with classes to look at; admins take them away again on their own pages. */
function LoadSample() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const load = useMutation({ mutationFn: loadSample, onSettled: () => queries.invalidateQueries() });
  return (
    <>
      <Button variant="secondary" size="large" disabled={load.isPending} onClick={() => load.mutate()}>
        <Sparkles aria-hidden="true" />
        {t("admin.sample.load")}
      </Button>
      <Failure error={load.error} className="w-full" />
    </>
  );
}
