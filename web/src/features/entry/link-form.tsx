/** A link by mail that signs in, without any password. */
import { Mail } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { askForLink } from "../../api/accounts";
import { Button } from "../../ui/button";
import { Alert } from "../../ui/states";
import { text, useForm } from "../../ui/use-form";
import { EmailField } from "./account-fields";
import { useBeginning } from "./use-enter";

/** A button that unfolds into the form; afterwards it says where to look. */
export function LinkForm({ next }: { next: string | undefined }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const beginning = useBeginning();
  const { form, errors, message, pending, done } = useForm({
    check: (data): Record<string, string> => (/^\S+@\S+$/.test(text(data, "email")) ? {} : { email: t("form.email") }),
    send: (data) => askForLink(text(data, "email"), next, beginning),
    onDone: () => {},
  });
  if (done) return <Alert tone="good">{t("login.link.sent")}</Alert>;
  if (!open) {
    return (
      <Button variant="quiet" onClick={() => setOpen(true)}>
        <Mail aria-hidden="true" />
        {t("login.link.offer")}
      </Button>
    );
  }
  return (
    <form {...form} className="grid gap-3 border-t border-line pt-4" aria-label={t("login.link.offer")}>
      {message ? <Alert tone="danger">{message}</Alert> : null}
      <EmailField error={errors.email} />
      <Button type="submit" variant="secondary" disabled={pending}>
        {t("login.link.send")}
      </Button>
    </form>
  );
}
