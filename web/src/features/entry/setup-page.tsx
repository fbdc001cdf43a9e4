/** First start: the one-time link makes the first administrator. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { setUp, setupQuery } from "../../api/accounts";
import { Button, buttonClass } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Card, Page } from "../../ui/page";
import { Alert, EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { text, useForm } from "../../ui/use-form";
import { NewAccountFields } from "./account-fields";
import { checkNewAccount, password } from "./checks";
import { useBegin } from "./use-enter";

const route = getRouteApi("/setup");

/** `/setup?token=…` */
export function SetupPage() {
  const { t } = useTranslation();
  const needed = useQuery(setupQuery);
  return (
    <Page title={t("setup.title")} width="narrow" {...(needed.data ? { lead: t("setup.lead") } : {})}>
      {needed.isPending ? (
        <Loading>
          <Skeleton className="h-96" />
        </Loading>
      ) : needed.isError ? (
        <ErrorState error={needed.error} onRetry={() => void needed.refetch()} />
      ) : needed.data ? (
        <SetupForm />
      ) : (
        <EmptyState
          icon={<CircleCheck aria-hidden="true" />}
          title={t("setup.done.title")}
          actions={
            <Link to="/login" className={buttonClass()}>
              {t("nav.logIn")}
            </Link>
          }
        >
          <p>{t("setup.done.text")}</p>
        </EmptyState>
      )}
    </Page>
  );
}

function SetupForm() {
  const { t } = useTranslation();
  const { token } = route.useSearch();
  const begin = useBegin();
  const { form, errors, message, pending } = useForm({
    check: (data) => ({
      ...(text(data, "token") ? {} : { token: t("form.required") }),
      ...checkNewAccount(data, t),
    }),
    send: (data) =>
      setUp({
        token: text(data, "token"),
        name: text(data, "name"),
        email: text(data, "email"),
        password: password(data),
      }),
    onDone: () => begin("/streams"),
    say: { 401: t("setup.wrongToken"), 403: t("setup.wrongToken") },
  });
  return (
    <Card className="p-6">
      <form {...form} className="grid gap-4">
        {message ? <Alert tone="danger">{message}</Alert> : null}
        {token ? (
          <input type="hidden" name="token" value={token} />
        ) : (
          <TextField
            name="token"
            label={t("setup.token")}
            hint={t("setup.tokenHint")}
            error={errors.token}
            autoComplete="off"
            required
          />
        )}
        <NewAccountFields errors={errors} />
        <Button type="submit" disabled={pending}>
          {t("setup.submit")}
        </Button>
      </form>
    </Card>
  );
}
