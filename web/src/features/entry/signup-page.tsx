/** Making a viewer's account. */
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { signUp } from "../../api/accounts";
import { Button } from "../../ui/button";
import { Card, Page } from "../../ui/page";
import { Alert } from "../../ui/states";
import { text, useForm } from "../../ui/use-form";
import { NewAccountFields } from "./account-fields";
import { checkNewAccount, password } from "./checks";
import { Providers } from "./providers";
import { useBegin } from "./use-enter";

const route = getRouteApi("/signup");

/** `/signup?next=…` */
export function SignupPage() {
  const { t } = useTranslation();
  const { next } = route.useSearch();
  const begin = useBegin();
  const { form, errors, message, pending } = useForm({
    check: (data) => checkNewAccount(data, t),
    send: (data) => signUp({ name: text(data, "name"), email: text(data, "email"), password: password(data) }),
    onDone: () => begin(next ?? "/streams"),
    say: { 409: t("signup.taken") },
  });
  return (
    <Page title={t("signup.title")} lead={t("signup.lead")} width="narrow">
      <Card className="grid gap-5 p-6">
        <form {...form} className="grid gap-4">
          {message ? <Alert tone="danger">{message}</Alert> : null}
          <NewAccountFields errors={errors} />
          <Button type="submit" disabled={pending}>
            {t("signup.submit")}
          </Button>
        </form>
        <Providers next={next} />
      </Card>
      <p className="mt-4 text-center text-muted">
        {t("signup.hasAccount")}{" "}
        <Link to="/login" search={next ? { next } : {}} className="font-semibold text-primary underline">
          {t("signup.toLogIn")}
        </Link>
      </p>
    </Page>
  );
}
