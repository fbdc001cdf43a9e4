/** The calendar that a phone or a mail program can subscribe to. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CalendarSync } from "lucide-react";
import { useTranslation } from "react-i18next";
import { calendarFeedQuery, rotateCalendarFeed } from "../../api/accounts";
import { Button, buttonClass } from "../../ui/button";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { CopyButton } from "../../ui/copy-button";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { Section } from "./section";

/** Address, subscribe button, and a new address for when the old one became known. */
export function CalendarFeed() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const feed = useQuery(calendarFeedQuery);
  const rotate = useMutation({
    mutationFn: rotateCalendarFeed,
    onSettled: () => queries.invalidateQueries({ queryKey: calendarFeedQuery.queryKey }),
  });
  if (feed.isError) return <ErrorState error={feed.error} onRetry={() => void feed.refetch()} />;
  return (
    <Section title={t("account.calendar.title")} lead={t("account.calendar.lead")}>
      {feed.data ? (
        <div className="grid gap-3">
          <p className="flex min-w-0 items-center gap-2">
            <code className="min-w-0 flex-1 truncate rounded-lg bg-raised px-3 py-2 font-mono text-sm">
              {feed.data}
            </code>
            <CopyButton text={feed.data} label={t("account.calendar.copy")} />
          </p>
          <div className="flex flex-wrap gap-2">
            <a href={feed.data.replace(/^https?:/, "webcal:")} className={buttonClass({ variant: "secondary" })}>
              <CalendarSync aria-hidden="true" />
              {t("account.calendar.subscribe")}
            </a>
            <ConfirmDialog
              trigger={<Button variant="quiet">{t("account.calendar.rotate")}</Button>}
              title={t("account.calendar.rotateTitle")}
              description={t("account.calendar.rotateText")}
              action={t("account.calendar.rotate")}
              onConfirm={() => rotate.mutate()}
            />
          </div>
        </div>
      ) : (
        <Loading>
          <Skeleton className="h-24" />
        </Loading>
      )}
    </Section>
  );
}
