/** The person's tokens: how many, and a receipt for each that came or went. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Coins } from "lucide-react";
import { useTranslation } from "react-i18next";
import { balanceQuery, transactionsQuery } from "../../api/tokens";
import type { TokenTransaction } from "../../api/types";
import { useLocale } from "../../ui/i18n/locale";
import { Card, Page } from "../../ui/page";
import { Paged } from "../../ui/paged";
import { EmptyState } from "../../ui/states";
import { dateAndTime } from "../../ui/time";

/** `/tokens` */
export function TokensPage() {
  const { t } = useTranslation();
  const locale = useLocale();
  const balance = useQuery(balanceQuery);
  return (
    <Page title={t("tokens.title")} lead={t("tokens.lead")} width="text">
      <Card className="mb-4 flex items-center gap-4 p-5">
        <Coins className="size-8 text-primary" aria-hidden="true" />
        <div>
          <p className="text-sm text-muted">{t("tokens.balance")}</p>
          <p className="min-h-9 text-3xl font-bold tabular-nums">{balance.data?.toLocaleString(locale)}</p>
        </div>
      </Card>
      <Receipts />
    </Page>
  );
}

function Receipts() {
  const { t } = useTranslation();
  const receipts = useInfiniteQuery(transactionsQuery);
  return (
    <Paged
      query={receipts}
      items={(page) => page.transactions}
      empty={
        <EmptyState title={t("tokens.empty")}>
          <p>{t("tokens.emptyText")}</p>
        </EmptyState>
      }
    >
      {(all) => (
        <Card>
          <h2 className="px-5 pt-4 text-lg font-semibold">{t("tokens.receipts")}</h2>
          <ul className="divide-y divide-line">
            {all.map((receipt) => (
              <Receipt key={receipt.id} receipt={receipt} />
            ))}
          </ul>
        </Card>
      )}
    </Paged>
  );
}

function Receipt({ receipt }: { receipt: TokenTransaction }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { kind, amount, balanceAfter, reason, sessionId, createdAt, id } = receipt;
  return (
    <li className="flex items-start justify-between gap-4 px-5 py-3">
      <div className="min-w-0">
        <p className="font-medium wrap-anywhere">{t(`tokens.kind.${kind}`)}</p>
        <p className="text-sm wrap-anywhere text-muted">
          {sessionId ? (
            <Link to="/streams/$id/watch" params={{ id: sessionId }} className="underline">
              {reason || t("tokens.class")}
            </Link>
          ) : (
            reason
          )}
        </p>
        <p className="text-xs text-muted">
          <time dateTime={createdAt}>{dateAndTime(createdAt, locale)}</time> ·{" "}
          {t("tokens.number", { id: id.slice(-8) })}
        </p>
      </div>
      <div className="text-right tabular-nums">
        <p className={amount < 0 ? "font-semibold" : "font-semibold text-good"}>
          {amount.toLocaleString(locale, { signDisplay: "exceptZero" })}
        </p>
        <p className="text-xs text-muted">{t("tokens.after", { count: balanceAfter })}</p>
      </div>
    </li>
  );
}
