/** Name, language and time zone. */
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { changeProfile, meQuery } from "../../api/accounts";
import type { User } from "../../api/types";
import { Button } from "../../ui/button";
import { SelectField, TextField } from "../../ui/field";
import { setLanguage } from "../../ui/i18n/i18n";
import { Alert } from "../../ui/states";
import { ownZone } from "../../ui/time";
import { text, useForm } from "../../ui/use-form";
import { Section } from "./section";

const ZONES = Intl.supportedValuesOf("timeZone");

/** Mails are written in this language, with times of this zone. */
export function Profile({ user }: { user: User }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { form, errors, message, pending, done } = useForm({
    check: (data) => (text(data, "name") ? {} : { name: t("form.required") }),
    send: (data) =>
      changeProfile({
        name: text(data, "name"),
        language: text(data, "language") === "nl" ? "nl" : "en",
        timeZone: text(data, "timeZone"),
      }),
    onDone: async (account) => {
      queries.setQueryData(meQuery.queryKey, account);
      await setLanguage(account.language);
    },
  });
  const zones = [...new Set([user.timeZone, ownZone(), ...ZONES])].toSorted();
  return (
    <Section title={t("account.profile")}>
      <form {...form} className="grid gap-4">
        {message ? <Alert tone="danger">{message}</Alert> : null}
        <TextField
          name="name"
          label={t("form.name")}
          defaultValue={user.name}
          autoComplete="name"
          maxLength={100}
          error={errors.name}
          required
        />
        <dl className="grid gap-4 text-sm sm:grid-cols-2">
          <div>
            <dt className="font-medium">{t("form.emailLabel")}</dt>
            <dd className="wrap-anywhere text-muted">{user.email}</dd>
          </div>
          <div>
            <dt className="font-medium">{t("account.role")}</dt>
            <dd className="text-muted">
              {t(`account.roles.${user.role}`)} · {t(`account.tiers.${user.tier}`)}
            </dd>
          </div>
        </dl>
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField name="language" label={t("account.language")} defaultValue={user.language}>
            <option value="nl" lang="nl">
              Nederlands
            </option>
            <option value="en" lang="en">
              English
            </option>
          </SelectField>
          <SelectField
            name="timeZone"
            label={t("account.zone")}
            hint={t("account.zoneHint")}
            defaultValue={user.timeZone}
            error={errors.timeZone}
          >
            {zones.map((zone) => (
              <option key={zone}>{zone}</option>
            ))}
          </SelectField>
        </div>
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" disabled={pending}>
            {t("account.save")}
          </Button>
          <span role="status" className="text-sm text-good">
            {done ? t("account.saved") : null}
          </span>
        </div>
      </form>
    </Section>
  );
}
