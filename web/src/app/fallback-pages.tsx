/** Pages for when there is no page: not found, forbidden, broken, still loading. */
import { Link } from "@tanstack/react-router";
import { Compass, Lock } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, buttonClass } from "../ui/button";
import { Page } from "../ui/page";
import { statusOf } from "../ui/problem";
import { EmptyState, ErrorState, Loading, Skeleton } from "../ui/states";

/** An address that leads nowhere. */
export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("notFound.title")} width="text">
      <EmptyState icon={<Compass aria-hidden="true" />} title={t("notFound.text")} actions={<HomeLink />} />
    </Page>
  );
}

/** A page for instructors or admins, opened by somebody else. */
export function ForbiddenPage({ wanted }: { wanted: "instructor" | "admin" }) {
  const { t } = useTranslation();
  return (
    <Page title={t(`forbidden.${wanted}.title`)} width="text">
      <EmptyState icon={<Lock aria-hidden="true" />} title={t(`forbidden.${wanted}.text`)} actions={<HomeLink />} />
    </Page>
  );
}

/** A page whose loading failed or whose code broke. */
export function CrashPage({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const isRequest = statusOf(error) !== null;
  return (
    <Page title={t("crash.title")} width="text">
      {isRequest ? (
        <ErrorState error={error} onRetry={() => location.reload()} />
      ) : (
        <EmptyState
          title={t("crash.text")}
          actions={<Button onClick={() => location.reload()}>{t("crash.reload")}</Button>}
        />
      )}
    </Page>
  );
}

/** While a page's code is on its way. */
export function PendingPage() {
  return (
    <div className="mx-auto w-full max-w-7xl px-4 py-8 sm:px-6">
      <Loading>
        <Skeleton className="h-9 w-64" />
        <Skeleton className="mt-8 h-64 w-full" />
      </Loading>
    </div>
  );
}

function HomeLink() {
  const { t } = useTranslation();
  return (
    <Link to="/streams" className={buttonClass()}>
      {t("notFound.home")}
    </Link>
  );
}
