/** What an empty server tells its visitors to do next. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CalendarPlus, Presentation } from "lucide-react";
import { useTranslation } from "react-i18next";
import { setupQuery } from "../../api/accounts";
import { buttonClass } from "../../ui/button";
import { CopyButton } from "../../ui/copy-button";
import { EmptyState } from "../../ui/states";

/** Publishes a made clip, so that the product can be seen without a camera; in the folder where the server was built. */
const DEMO = "make demo";

/** Shown in place of the lists while there is not one class. */
export function FirstVisit({ teaches }: { teaches: boolean }) {
  const { t } = useTranslation();
  const { data: needsSetup } = useQuery(setupQuery);
  const text = needsSetup
    ? t("streams.empty.setup")
    : teaches
      ? t("streams.empty.instructor")
      : t("streams.empty.visitor");
  return (
    <EmptyState icon={<Presentation aria-hidden="true" />} title={t("streams.empty.title")}>
      <p>{text}</p>
      {teaches ? (
        <Link to="/instructor/streams/create" className={`${buttonClass({ size: "large" })} mt-5`}>
          <CalendarPlus aria-hidden="true" />
          {t("streams.plan")}
        </Link>
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
