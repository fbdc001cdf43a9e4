/** The fields of a class: for a new one, a copy, or a change. */
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { Button } from "../../ui/button";
import { CheckField, SelectField, TextAreaField, TextField } from "../../ui/field";
import { Alert } from "../../ui/states";
import { ownZone } from "../../ui/time";
import { type FieldErrors, useForm } from "../../ui/use-form";
import { checkPlan, defaultStart, startFields } from "./plan";
import { RepeatFields } from "./repeat-fields";
import { ThumbnailField } from "./thumbnail-field";

const PHASES = [1, 2, 3, 4] as const;

interface PlanFormProps<Answer> {
  /** What the fields begin with; nothing for a new class. */
  initial?: Session;
  /** The class exists: its time may be fixed or past, and it does not become a series. */
  isChange?: boolean;
  /** Fields before the others. */
  children?: ReactNode;
  submit: string;
  send: (data: FormData) => Promise<Answer>;
  onDone: (answer: Answer) => void | Promise<void>;
}

/** A form that checks itself before `send`. */
export function PlanForm<Answer>({ initial, isChange = false, children, submit, send, onDone }: PlanFormProps<Answer>) {
  const { t } = useTranslation();
  const [element, setElement] = useState<HTMLFormElement | null>(null);
  const { form, errors, message, pending } = useForm({
    check: (data) => checkPlan(data, t, isChange),
    send,
    onDone,
  });
  return (
    <form {...form} ref={setElement} className="grid gap-5">
      {message ? <Alert tone="danger">{message}</Alert> : null}
      {children}
      <WhatFields initial={initial} errors={errors} />
      <WhenFields initial={initial} errors={errors} isChange={isChange} />
      {isChange ? null : <RepeatFields form={element} />}
      <AccessFields initial={initial} errors={errors} />
      <ThumbnailField url={isChange ? initial?.thumbnailUrl : null} />
      <div>
        <Button type="submit" size="large" disabled={pending}>
          {submit}
        </Button>
      </div>
    </form>
  );
}

interface FieldsProps {
  initial: Session | undefined;
  errors: FieldErrors;
}

function WhatFields({ initial, errors }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <TextField
        name="title"
        label={t("create.name")}
        placeholder={t("create.namePlaceholder")}
        defaultValue={initial?.title}
        error={errors.title}
        maxLength={255}
        required
      />
      <TextAreaField
        name="description"
        label={t("create.description")}
        hint={t("create.optional")}
        defaultValue={initial?.description ?? ""}
        maxLength={5000}
      />
      <div className="grid gap-5 sm:grid-cols-3">
        <TextField
          name="topic"
          label={t("create.topic")}
          hint={t("create.optional")}
          defaultValue={initial?.topic ?? ""}
          maxLength={255}
        />
        <SelectField name="phase" label={t("create.phase")} defaultValue={initial?.phaseId ?? ""}>
          <option value="">{t("create.noPhase")}</option>
          {PHASES.map((phase) => (
            <option key={phase} value={phase}>
              {t(`phase.p${phase}`)}
            </option>
          ))}
        </SelectField>
        <TextField
          name="level"
          label={t("create.level")}
          hint={t("create.levelHint")}
          defaultValue={initial?.level ?? ""}
          maxLength={100}
        />
      </div>
    </>
  );
}

function WhenFields({ initial, errors, isChange }: FieldsProps & { isChange: boolean }) {
  const { t } = useTranslation();
  const start = initial && isChange ? startFields(initial) : defaultStart();
  // The time of a class is fixed once it has started.
  const fixed = isChange && initial?.status !== "upcoming";
  return (
    <>
      <div className="grid gap-5 sm:grid-cols-3">
        <TextField
          name="date"
          type="date"
          label={t("create.date")}
          defaultValue={start.date}
          error={errors.date}
          readOnly={fixed}
          required
        />
        <TextField
          name="time"
          type="time"
          label={t("create.time")}
          defaultValue={start.time}
          error={errors.time}
          readOnly={fixed}
          required
        />
        <TextField
          name="minutes"
          type="number"
          inputMode="numeric"
          min={5}
          max={720}
          label={t("create.minutes")}
          defaultValue={initial?.duration ?? 60}
          error={errors.minutes}
          readOnly={fixed}
          required
        />
      </div>
      <ZoneField chosen={initial?.timeZone ?? ownZone()} />
    </>
  );
}

function ZoneField({ chosen }: { chosen: string }) {
  const { t } = useTranslation();
  // Browsers differ in whether they list UTC and old names.
  const zones = [...new Set([chosen, "UTC", ...Intl.supportedValuesOf("timeZone")])].toSorted();
  return (
    <SelectField name="zone" label={t("create.zone")} hint={t("create.zoneHint")} defaultValue={chosen}>
      {zones.map((zone) => (
        <option key={zone} value={zone}>
          {zone.replaceAll("_", " ")}
        </option>
      ))}
    </SelectField>
  );
}

function AccessFields({ initial, errors }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <div className="grid gap-5 sm:grid-cols-3">
        <TextField
          name="price"
          type="number"
          inputMode="numeric"
          min={0}
          label={t("create.price")}
          hint={t("create.priceHint")}
          defaultValue={initial?.priceInTokens ?? 0}
          error={errors.price}
        />
      </div>
      <CheckField
        name="isPublic"
        label={t("create.isPublic")}
        hint={t("create.isPublicHint")}
        defaultChecked={initial?.isPublic ?? false}
      />
      <CheckField
        name="isOpenToSubscribers"
        label={t("create.subscribers")}
        hint={t("create.subscribersHint")}
        defaultChecked={initial?.isOpenToSubscribers ?? false}
      />
      <CheckField
        name="goesLiveWithMedia"
        label={t("create.withMedia")}
        hint={t("create.withMediaHint")}
        defaultChecked={initial?.goesLiveWithMedia ?? true}
      />
      <CheckField
        name="record"
        label={t("create.record")}
        hint={t("create.recordHint")}
        defaultChecked={initial?.recordingEnabled ?? true}
      />
      <CheckField
        name="isKeptForCatalogue"
        label={t("create.catalogue")}
        hint={t("create.catalogueHint")}
        defaultChecked={initial?.isKeptForCatalogue ?? false}
      />
    </>
  );
}
