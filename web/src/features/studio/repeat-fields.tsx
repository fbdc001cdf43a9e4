/** Whether a class takes place every week, and which dates that makes. */
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { SelectField, TextField } from "../../ui/field";
import { useLocale } from "../../ui/i18n/locale";
import { span } from "../../ui/time";
import { text } from "../../ui/use-form";
import { DAYS, dayOf, type Occurrence, occurrences, repeatOf } from "./repeat";

/** Dates of the preview: past the next change of the clocks for a class that begins in the weeks before it. */
const PREVIEWED = 6;
/** 2 January 2023 was a Monday. */
const MONDAY = Date.UTC(2023, 0, 2);

interface Preview {
  dates: Occurrence[];
  zone: string;
  minutes: number;
}

/** The fields, and the first dates that they make together with the rest of the form. */
export function RepeatFields({ form }: { form: HTMLFormElement | null }) {
  const { t } = useTranslation();
  const [repeats, setRepeats] = useState(false);
  const [end, setEnd] = useState("never");
  const [preview, setPreview] = useState<Preview | null>(null);

  useEffect(() => {
    if (!form) return;
    const look = () => setPreview(previewOf(new FormData(form)));
    look();
    form.addEventListener("input", look);
    return () => form.removeEventListener("input", look);
  }, [form]);

  return (
    <fieldset className="grid gap-4">
      <legend className="sr-only">{t("create.repeat.label")}</legend>
      <SelectField
        name="repeat"
        label={t("create.repeat.label")}
        defaultValue=""
        onChange={(event) => setRepeats(event.target.value !== "")}
      >
        <option value="">{t("create.repeat.once")}</option>
        <option value="1">{t("create.repeat.weekly")}</option>
        <option value="2">{t("create.repeat.biweekly")}</option>
      </SelectField>
      {repeats ? (
        <div className="grid gap-4 rounded-lg bg-raised p-4">
          <DayBoxes form={form} />
          <div className="grid gap-4 sm:grid-cols-2">
            <SelectField
              name="end"
              label={t("create.repeat.end")}
              value={end}
              onChange={(event) => setEnd(event.target.value)}
            >
              <option value="never">{t("create.repeat.never")}</option>
              <option value="after">{t("create.repeat.after")}</option>
              <option value="on">{t("create.repeat.on")}</option>
            </SelectField>
            {end === "after" ? (
              <TextField
                name="after"
                type="number"
                min={1}
                max={520}
                defaultValue={10}
                label={t("create.repeat.count")}
              />
            ) : null}
            {end === "on" ? <TextField name="on" type="date" label={t("create.repeat.last")} required /> : null}
          </div>
          {preview ? <Dates preview={preview} /> : null}
        </div>
      ) : null}
    </fieldset>
  );
}

function DayBoxes({ form }: { form: HTMLFormElement | null }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const date = form ? text(new FormData(form), "date") : "";
  const [first] = useState(() => (date ? dayOf(date) : "MO"));
  const name = new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" });
  return (
    <fieldset className="flex flex-wrap gap-2">
      <legend className="mb-1 text-sm font-medium">{t("create.repeat.days")}</legend>
      {DAYS.map((day, index) => (
        <label
          key={day}
          className="flex min-h-11 cursor-pointer items-center gap-2 rounded-lg border border-edge bg-surface px-3 text-sm"
        >
          <input
            type="checkbox"
            name="day"
            value={day}
            defaultChecked={day === first}
            className="size-4 accent-primary"
          />
          {name.format(MONDAY + index * 86_400_000)}
        </label>
      ))}
    </fieldset>
  );
}

function Dates({ preview: { dates, zone, minutes } }: { preview: Preview }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <div>
      <p className="text-sm font-medium">{t("create.repeat.dates")}</p>
      <ol className="mt-1 grid gap-0.5 text-sm" data-testid="dates">
        {dates.map(({ start, clockChanged }) => {
          const { day, hours } = span(start, minutes, locale, zone);
          return (
            <li key={start}>
              <time dateTime={start}>
                {day}, {hours}
              </time>
              {clockChanged ? <span className="text-muted"> · {t("create.repeat.clock")}</span> : null}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** Null while the form is not filled in far enough. */
function previewOf(data: FormData): Preview | null {
  const repeat = repeatOf(data);
  const date = text(data, "date");
  const time = text(data, "time");
  const zone = text(data, "zone");
  if (!repeat || !date || !time || !zone) return null;
  const minutes = Number(text(data, "minutes")) || 60;
  return { dates: occurrences(repeat, date, time, zone, PREVIEWED), zone, minutes };
}
