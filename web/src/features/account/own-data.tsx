/** The person's data: taking it along, and leaving for good. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { deleteAccount, EXPORT_URL, forgetEverything } from "../../api/accounts";
import type { User } from "../../api/types";
import { Button, buttonClass } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Alert } from "../../ui/states";
import { text, useForm } from "../../ui/use-form";
import { Section } from "./section";

/** Export, and deletion after the own address was typed. */
export function OwnData({ user }: { user: User }) {
  const { t } = useTranslation();
  const [leaving, setLeaving] = useState(false);
  return (
    <Section title={t("account.data.title")} lead={t("account.data.lead")}>
      <div className="flex flex-wrap gap-2">
        <a href={EXPORT_URL} download="lectern-account.json" className={buttonClass({ variant: "secondary" })}>
          <Download aria-hidden="true" />
          {t("account.data.export")}
        </a>
        {leaving ? null : (
          <Button variant="quiet" className="text-danger" onClick={() => setLeaving(true)}>
            {t("account.data.delete")}
          </Button>
        )}
      </div>
      {leaving ? <Leave user={user} onCancel={() => setLeaving(false)} /> : null}
    </Section>
  );
}

function Leave({ user, onCancel }: { user: User; onCancel: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { form, errors, message, pending } = useForm({
    check: (data): Record<string, string> =>
      text(data, "email").toLowerCase() === user.email.toLowerCase() ? {} : { email: t("account.data.mismatch") },
    send: (data) => deleteAccount(text(data, "email")),
    onDone: async () => {
      await forgetEverything(queries);
      await navigate({ to: "/streams" });
    },
    say: { 409: t("account.data.refused") },
  });
  return (
    <form {...form} className="mt-4 grid gap-4 rounded-lg border border-danger p-4">
      {message ? <Alert tone="danger">{message}</Alert> : null}
      <p>{t("account.data.warning")}</p>
      <TextField
        name="email"
        type="email"
        label={t("account.data.confirm", { email: user.email })}
        autoComplete="off"
        error={errors.email}
        required
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="danger" disabled={pending}>
          {t("account.data.deleteNow")}
        </Button>
        <Button variant="secondary" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
      </div>
    </form>
  );
}
