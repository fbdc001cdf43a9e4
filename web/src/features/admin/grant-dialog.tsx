/** Giving tokens to one user. */
import { Coins } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type AdminUser, grantTokens } from "../../api/admin";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Alert } from "../../ui/states";
import { text, useForm } from "../../ui/use-form";

const MOST = 1_000_000;

/** A button that opens the form. */
export function GrantDialog({ user }: { user: AdminUser }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [given, setGiven] = useState(false);
  return (
    <div className="flex items-center gap-2">
      <Dialog
        trigger={
          <Button variant="secondary" size="small" aria-label={t("admin.grant.label", { name: user.name })}>
            <Coins aria-hidden="true" />
            {t("admin.grant.button")}
          </Button>
        }
        title={t("admin.grant.title", { name: user.name })}
        description={t("admin.grant.text")}
        open={open}
        onOpenChange={(next) => {
          setOpen(next);
          if (next) setGiven(false);
        }}
      >
        <GrantForm
          user={user}
          onDone={() => {
            setOpen(false);
            setGiven(true);
          }}
        />
      </Dialog>
      <span role="status" className="text-good">
        {given ? t("admin.grant.done") : ""}
      </span>
    </div>
  );
}

function GrantForm({ user, onDone }: { user: AdminUser; onDone: () => void }) {
  const { t } = useTranslation();
  // One for the form: a request that was sent twice gives the tokens once.
  const [key] = useState(newKey);
  const { form, errors, message, pending } = useForm({
    check: (data) => {
      const amount = Number(text(data, "amount"));
      const found: Record<string, string> = {};
      if (!Number.isInteger(amount) || amount < 1 || amount > MOST) found.amount = t("admin.grant.wrongAmount");
      if (!text(data, "reason")) found.reason = t("form.required");
      return found;
    },
    send: (data) => grantTokens(user.id, Number(text(data, "amount")), text(data, "reason"), key),
    onDone,
  });
  return (
    <form {...form} className="grid gap-4">
      {message ? <Alert tone="danger">{message}</Alert> : null}
      <TextField
        name="amount"
        type="number"
        inputMode="numeric"
        min={1}
        max={MOST}
        label={t("admin.grant.amount")}
        error={errors.amount}
        required
      />
      <TextField name="reason" label={t("admin.grant.reason")} error={errors.reason} maxLength={200} required />
      <div className="flex justify-end">
        <Button type="submit" disabled={pending}>
          {t("admin.grant.submit")}
        </Button>
      </div>
    </form>
  );
}

/** Unguessable is not needed, only different; pages on plain http have no `randomUUID`. */
function newKey(): string {
  return `grant-${Date.now()}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}
