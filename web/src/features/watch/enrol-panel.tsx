/** In front of a class that needs an enrolment: what it costs, what is there, and the button. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { enrol } from "../../api/sessions";
import { balanceQuery } from "../../api/tokens";
import type { Session } from "../../api/types";
import { Button, buttonClass } from "../../ui/button";
import { Failure } from "../../ui/failure";
import { codeOf } from "../../ui/problem";
import { useTokens } from "../../ui/tokens";
import { Stage, StageNotice } from "./stage";

/** Enrols the signed-in viewer; the page then shows the class by itself. */
export function EnrolPanel({ session }: { session: Session }) {
  const { t } = useTranslation();
  const tokens = useTokens();
  const queries = useQueryClient();
  const { priceInTokens: price } = session;
  const { data: balance } = useQuery({ ...balanceQuery, enabled: price > 0 });
  const enrolling = useMutation({
    mutationFn: () => enrol(session.id),
    // Also after a refusal: the balance may be another one by now.
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["sessions"] }),
        queries.invalidateQueries({ queryKey: ["tokens"] }),
      ]),
  });
  const short = balance !== undefined && balance < price;
  const refused = enrolling.error && codeOf(enrolling.error) !== "insufficient-balance" ? enrolling.error : null;
  return (
    <Stage state="idle">
      <StageNotice title={t("watch.enrol.title")}>
        <p className="text-sm opacity-90 sm:text-base">
          {price > 0 ? t("watch.enrol.costs", { price: tokens(price) }) : t("watch.enrol.free")}
          {price > 0 && balance !== undefined ? ` ${t("watch.enrol.balance", { balance: tokens(balance) })}` : null}
        </p>
        {short ? (
          <>
            <p role="alert" className="max-w-prose text-sm font-semibold">
              {t("watch.enrol.short", { missing: tokens(price - balance) })}
            </p>
            <Link to="/tokens" className={buttonClass({ variant: "secondary", size: "small" })}>
              {t("tokens.title")}
            </Link>
          </>
        ) : (
          <Button disabled={enrolling.isPending} onClick={() => enrolling.mutate()}>
            {t("watch.enrol.button")}
          </Button>
        )}
        <Failure error={refused} className="font-semibold" />
      </StageNotice>
    </Stage>
  );
}
