/** What a page shows instead of its content: loading, empty, failed. */
import { clsx } from "clsx";
import { CloudOff } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import { explain } from "./problem";

/** A grey block where content will be, of the same size, so that nothing shifts. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={clsx("animate-pulse rounded-lg bg-raised", className)} />;
}

/** Says to screen readers that something is being loaded; the skeletons are for the eye. */
export function Loading({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div role="status">
      <span className="sr-only">{t("common.loading")}</span>
      {children}
    </div>
  );
}

interface NoticeProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}

/** A page or section that has nothing to show, and says what to do next. */
export function EmptyState({ icon, title, children, actions }: NoticeProps) {
  return (
    <div className="flex flex-col items-center rounded-card border border-dashed border-edge px-6 py-12 text-center">
      {icon ? <div className="mb-3 text-muted [&_svg]:size-10">{icon}</div> : null}
      <h2 className="text-lg font-semibold">{title}</h2>
      {children ? <div className="mt-1 max-w-prose text-muted">{children}</div> : null}
      {actions ? <div className="mt-5 flex flex-wrap justify-center gap-2">{actions}</div> : null}
    </div>
  );
}

/** A request that failed, with a way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const { t } = useTranslation();
  const { title, hint } = explain(error, t);
  return (
    <div role="alert">
      <EmptyState
        icon={<CloudOff aria-hidden="true" />}
        title={title}
        actions={onRetry ? <Button onClick={onRetry}>{t("common.retry")}</Button> : null}
      >
        <p>{hint}</p>
      </EmptyState>
    </div>
  );
}

/** A message within a page. */
export function Alert({ tone, children }: { tone: "danger" | "warn" | "good"; children: ReactNode }) {
  const tones = {
    danger: "bg-danger-soft text-danger",
    warn: "bg-warn-soft text-warn",
    good: "bg-good-soft text-good",
  };
  return (
    <div role="alert" className={clsx("rounded-lg px-4 py-3 text-sm font-medium", tones[tone])}>
      {children}
    </div>
  );
}
