/** Planning a class. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { createSession } from "../../api/instructor";
import { Button } from "../../ui/button";
import { CheckField, SelectField, TextAreaField, TextField } from "../../ui/field";
import { Card, Page } from "../../ui/page";
import { Alert } from "../../ui/states";
import { ownZone } from "../../ui/time";
import { useForm } from "../../ui/use-form";
import { checkPlan, defaultStart, toNewSession } from "./plan";

const PHASES = [1, 2, 3, 4] as const;

/** `/instructor/streams/create` */
export function CreatePage() {
  const { t } = useTranslation();
  return (
    <Page title={t("create.title")} lead={t("create.lead")} width="text">
      <Card className="p-5 sm:p-6">
        <PlanForm />
      </Card>
    </Page>
  );
}

function PlanForm() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const start = defaultStart();
  const { form, errors, message, pending } = useForm({
    check: (data) => checkPlan(data, t),
    send: (data) => createSession(toNewSession(data)),
    onDone: async (session) => {
      await queries.invalidateQueries();
      await navigate({ to: "/instructor/streams/$id/broadcast", params: { id: session.id } });
    },
  });
  return (
    <form {...form} className="grid gap-5">
      {message ? <Alert tone="danger">{message}</Alert> : null}
      <TextField
        name="title"
        label={t("create.name")}
        placeholder={t("create.namePlaceholder")}
        error={errors.title}
        maxLength={255}
        required
      />
      <TextAreaField name="description" label={t("create.description")} hint={t("create.optional")} maxLength={5000} />
      <div className="grid gap-5 sm:grid-cols-3">
        <TextField
          name="date"
          type="date"
          label={t("create.date")}
          defaultValue={start.date}
          error={errors.date}
          required
        />
        <TextField
          name="time"
          type="time"
          label={t("create.time")}
          defaultValue={start.time}
          error={errors.time}
          required
        />
        <TextField
          name="minutes"
          type="number"
          inputMode="numeric"
          min={5}
          max={720}
          label={t("create.minutes")}
          defaultValue={60}
          error={errors.minutes}
          required
        />
      </div>
      <ZoneField />
      <div className="grid gap-5 sm:grid-cols-2">
        <TextField name="topic" label={t("create.topic")} hint={t("create.optional")} maxLength={255} />
        <SelectField name="phase" label={t("create.phase")} defaultValue="">
          <option value="">{t("create.noPhase")}</option>
          {PHASES.map((phase) => (
            <option key={phase} value={phase}>
              {t(`phase.p${phase}`)}
            </option>
          ))}
        </SelectField>
      </div>
      <CheckField name="isPublic" label={t("create.isPublic")} hint={t("create.isPublicHint")} />
      <CheckField name="record" label={t("create.record")} hint={t("create.recordHint")} defaultChecked />
      <div>
        <Button type="submit" size="large" disabled={pending}>
          {t("create.submit")}
        </Button>
      </div>
    </form>
  );
}

function ZoneField() {
  const { t } = useTranslation();
  const own = ownZone();
  // Browsers differ in whether they list UTC and old names.
  const zones = [...new Set([own, "UTC", ...Intl.supportedValuesOf("timeZone")])].toSorted();
  return (
    <SelectField name="zone" label={t("create.zone")} hint={t("create.zoneHint")} defaultValue={own}>
      {zones.map((zone) => (
        <option key={zone} value={zone}>
          {zone.replaceAll("_", " ")}
        </option>
      ))}
    </SelectField>
  );
}
