/** Signing in with e-mail and password. */
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { logIn } from "../../api/accounts";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Card, Page } from "../../ui/page";
import { Alert } from "../../ui/states";
import { text, useForm } from "../../ui/use-form";
import { EmailField } from "./account-fields";
import { password } from "./checks";
import { useEnter } from "./use-enter";

const route = getRouteApi("/login");

/** `/login?next=…` */
export function LoginPage() {
  const { t } = useTranslation();
  const { next } = route.useSearch();
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
    <Page title={t("login.title")} width="narrow">
      <Card className="p-6">
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
      </Card>
      <p className="mt-4 text-center text-muted">
        {t("login.noAccount")}{" "}
        <Link to="/signup" search={next ? { next } : {}} className="font-semibold text-primary underline">
          {t("login.toSignUp")}
        </Link>
      </p>
    </Page>
  );
}
