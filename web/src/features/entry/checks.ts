/** What names, addresses and passwords must look like before they are sent. */
import type { TFunction } from "i18next";
import type { FieldErrors } from "../../ui/use-form";
import { text } from "../../ui/use-form";

/** As short as the server allows. */
export const PASSWORD_MIN = 8;

/** Finds fault with the fields of a new account. */
export function checkNewAccount(data: FormData, t: TFunction): FieldErrors {
  const errors: FieldErrors = {};
  if (!text(data, "name")) errors.name = t("form.required");
  if (!/^\S+@\S+$/.test(text(data, "email"))) errors.email = t("form.email");
  if (password(data).length < PASSWORD_MIN) errors.password = t("form.password", { count: PASSWORD_MIN });
  return errors;
}

/** A password exactly as typed: blanks at its ends belong to it. */
export function password(data: FormData): string {
  const value = data.get("password");
  return typeof value === "string" ? value : "";
}
