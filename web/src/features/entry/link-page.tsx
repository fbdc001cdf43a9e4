/** Where a link of a mail leads: it signs in, when the person says so. */
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { redeemLink } from "../../api/accounts";
import { Button, buttonClass } from "../../ui/button";
import { Failure } from "../../ui/failure";
import { Card, Page } from "../../ui/page";
import { useBeginning, useEnter } from "./use-enter";

const route = getRouteApi("/login/link");

/** `/login/link?token=…`: a press is needed, since mail programs open links by themselves and a link works once. */
export function LinkPage() {
  const { t } = useTranslation();
  const { token = "" } = route.useSearch();
  const enter = useEnter();
  const beginning = useBeginning();
  const redeem = useMutation({
    mutationFn: () => redeemLink(token, beginning),
    onSuccess: (next) => enter(next ?? "/streams"),
  });
  return (
    <Page title={t("login.title")} width="narrow">
      <Card className="grid gap-4 p-6">
        <Failure error={redeem.error} boxed />
        {redeem.error ? null : <p>{t("login.link.ready")}</p>}
        {redeem.error ? (
          <Link to="/login" className={buttonClass()}>
            {t("login.link.again")}
          </Link>
        ) : (
          <Button disabled={redeem.isPending || redeem.isSuccess} onClick={() => redeem.mutate()}>
            {t("login.submit")}
          </Button>
        )}
      </Card>
    </Page>
  );
}
