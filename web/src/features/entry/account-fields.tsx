/** Name, e-mail and password, as every form of this folder asks for them. */
import { useTranslation } from "react-i18next";
import { TextField } from "../../ui/field";
import type { FieldErrors } from "../../ui/use-form";
import { PASSWORD_MIN } from "./checks";

/** The fields of a new account. */
export function NewAccountFields({ errors }: { errors: FieldErrors }) {
  const { t } = useTranslation();
  return (
    <>
      <TextField name="name" label={t("form.name")} autoComplete="name" error={errors.name} required />
      <EmailField error={errors.email} />
      <TextField
        name="password"
        type="password"
        label={t("form.passwordLabel")}
        hint={t("form.password", { count: PASSWORD_MIN })}
        autoComplete="new-password"
        error={errors.password}
        required
      />
    </>
  );
}

/** The e-mail address that names an account. */
export function EmailField({ error }: { error: string | undefined }) {
  const { t } = useTranslation();
  return (
    <TextField name="email" type="email" label={t("form.emailLabel")} autoComplete="email" error={error} required />
  );
}
