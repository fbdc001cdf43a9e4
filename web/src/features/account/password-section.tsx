/** Setting a password, or another one. */
import { useTranslation } from "react-i18next";
import { setPassword } from "../../api/accounts";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Alert } from "../../ui/states";
import { useForm } from "../../ui/use-form";
import { Section } from "./section";

/** As short as the server allows. */
const PASSWORD_MIN = 8;

/** An account that came by a link or from elsewhere has no password: it leaves the first field empty. */
export function PasswordSection() {
  const { t } = useTranslation();
  const { form, errors, message, pending, done } = useForm({
    check: (data): Record<string, string> =>
      raw(data, "password").length < PASSWORD_MIN ? { password: t("form.password", { count: PASSWORD_MIN }) } : {},
    send: (data) =>
      setPassword({ currentPassword: raw(data, "currentPassword") || null, password: raw(data, "password") }),
    onDone: () => {},
    say: { 401: t("account.password.wrong"), 403: t("account.password.wrong") },
  });
  return (
    <Section title={t("account.password.title")} lead={t("account.password.lead")}>
      <form {...form} key={String(done)} className="grid gap-4">
        {message ? <Alert tone="danger">{message}</Alert> : null}
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            name="currentPassword"
            type="password"
            label={t("account.password.current")}
            hint={t("account.password.currentHint")}
            autoComplete="current-password"
            error={errors.currentPassword}
          />
          <TextField
            name="password"
            type="password"
            label={t("account.password.next")}
            hint={t("form.password", { count: PASSWORD_MIN })}
            autoComplete="new-password"
            error={errors.password}
            required
          />
        </div>
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" variant="secondary" disabled={pending}>
            {t("account.password.submit")}
          </Button>
          <span role="status" className="text-sm text-good">
            {done ? t("account.saved") : null}
          </span>
        </div>
      </form>
    </Section>
  );
}

/** Exactly as typed: blanks at its ends belong to it. */
function raw(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value : "";
}
