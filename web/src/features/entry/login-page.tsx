/** Signing in: with a password, with a link by mail, or with an account elsewhere. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { logIn, waysInQuery } from "../../api/accounts";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Card, Page } from "../../ui/page";
import { Alert } from "../../ui/states";
import { text, useForm } from "../../ui/use-form";
import { EmailField } from "./account-fields";
import { password } from "./checks";
import { LinkForm } from "./link-form";
import { Providers } from "./providers";
import { useEnter } from "./use-enter";

const route = getRouteApi("/login");

/** What a provider may send somebody back with. */
const PROBLEMS = ["oidc-cancelled", "oidc-state", "oidc-email-unverified", "oidc-sign-up-closed"] as const;

/** `/login?next=…&problem=…` */
export function LoginPage() {
  const { t } = useTranslation();
  const { next, problem } = route.useSearch();
  const { data: ways } = useQuery(waysInQuery);
  const known = PROBLEMS.find((candidate) => candidate === problem);
  return (
    <Page title={t("login.title")} width="narrow">
      <div className="grid gap-4">
        {problem ? <Alert tone="danger">{t(`login.problem.${known ?? "oidc-failed"}`)}</Alert> : null}
        <Card className="grid gap-5 p-6">
          {ways?.passwords === false ? null : <PasswordForm next={next} />}
          <Providers next={next} />
          <LinkForm next={next} />
        </Card>
      </div>
      {ways?.signUp === false ? null : (
        <p className="mt-4 text-center text-muted">
          {t("login.noAccount")}{" "}
          <Link to="/signup" search={next ? { next } : {}} className="font-semibold text-primary underline">
            {t("login.toSignUp")}
          </Link>
        </p>
      )}
    </Page>
  );
}

function PasswordForm({ next }: { next: string | undefined }) {
  const { t } = useTranslation();
  const enter = useEnter();
  const { form, errors, message, pending } = useForm({
    check: (data) => ({
      ...(text(data, "email") ? {} : { email: t("form.required") }),
      ...(password(data) ? {} : { password: t("form.required") }),
    }),
    send: (data) => logIn({ email: text(data, "email"), password: password(data) }),
    onDone: () => enter(next ?? "/streams"),
    say: { 401: t("login.wrong") },
  });
  return (
    <form {...form} className="grid gap-4">
      {message ? <Alert tone="danger">{message}</Alert> : null}
      <EmailField error={errors.email} />
      <TextField
        name="password"
        type="password"
        label={t("form.passwordLabel")}
        autoComplete="current-password"
        error={errors.password}
        required
      />
      <Button type="submit" disabled={pending}>
        {t("login.submit")}
      </Button>
    </form>
  );
}
