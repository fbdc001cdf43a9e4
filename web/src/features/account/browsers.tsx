/** Where the person is signed in. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { browsersQuery, signOutBrowser } from "../../api/accounts";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Failure } from "../../ui/failure";
import { useLocale } from "../../ui/i18n/locale";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { dateAndTime } from "../../ui/time";
import { browserName } from "./browser-name";
import { Section } from "./section";

/** The list, with a way to sign each of them out. */
export function Browsers() {
  const { t } = useTranslation();
  const locale = useLocale();
  const queries = useQueryClient();
  const browsers = useQuery(browsersQuery);
  const leave = useMutation({
    mutationFn: signOutBrowser,
    onSettled: () => queries.invalidateQueries({ queryKey: browsersQuery.queryKey }),
  });
  if (browsers.isError) return <ErrorState error={browsers.error} onRetry={() => void browsers.refetch()} />;
  return (
    <Section title={t("account.browsers.title")} lead={t("account.browsers.lead")}>
      <Failure error={leave.error} boxed />
      {browsers.data ? (
        <ul className="divide-y divide-line">
          {browsers.data.map((browser) => (
            <li key={browser.id} className="flex flex-wrap items-center justify-between gap-2 py-2">
              <div className="min-w-0">
                <p className="font-medium wrap-anywhere">
                  {browserName(browser.userAgent) ?? t("account.browsers.unknown")}
                </p>
                <p className="text-sm text-muted">
                  {t("account.browsers.seen", { time: dateAndTime(browser.seenAt, locale) })}
                  {browser.address ? ` · ${browser.address}` : ""}
                </p>
              </div>
              {browser.isThis ? (
                <Badge tone="good">{t("account.browsers.this")}</Badge>
              ) : (
                <Button
                  size="small"
                  variant="quiet"
                  disabled={leave.isPending}
                  onClick={() => leave.mutate(browser.id)}
                >
                  {t("nav.logOut")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <Loading>
          <Skeleton className="h-16" />
        </Loading>
      )}
      {browsers.data && browsers.data.length > 1 ? (
        <Button variant="secondary" className="mt-3" disabled={leave.isPending} onClick={() => leave.mutate("others")}>
          {t("account.browsers.others")}
        </Button>
      ) : null}
    </Section>
  );
}
