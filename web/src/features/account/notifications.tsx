/** How and about what the person wants to be told. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { preferencesQuery, savePreferences } from "../../api/notifications";
import type { NotificationPreferences } from "../../api/types";
import { Button } from "../../ui/button";
import { Failure } from "../../ui/failure";
import { CheckField, TextField } from "../../ui/field";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { Section } from "./section";
import { usePush } from "./use-push";

const WAYS = ["email", "push", "sms"] as const;
const EVENTS = ["reminder24h", "reminder15m", "newSession", "replayExpires", "enrolled"] as const;

/** Saved at each change; a phone number when it is complete. */
export function Notifications() {
  const { t } = useTranslation();
  const preferences = useQuery(preferencesQuery);
  return (
    <Section title={t("notifications.title")} lead={t("notifications.lead")}>
      {preferences.data ? (
        <Choices preferences={preferences.data} />
      ) : preferences.isError ? (
        <ErrorState error={preferences.error} onRetry={() => void preferences.refetch()} />
      ) : (
        <Loading>
          <Skeleton className="h-64" />
        </Loading>
      )}
    </Section>
  );
}

function Choices({ preferences }: { preferences: NotificationPreferences }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const key = preferencesQuery.queryKey;
  const saving = useMutation({
    mutationFn: savePreferences,
    onMutate: (next) => queries.setQueryData(key, next),
    onError: () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <div className="grid gap-6">
      <Failure error={saving.error} boxed />
      <fieldset className="grid gap-3">
        <legend className="mb-2 text-sm font-medium">{t("notifications.ways")}</legend>
        {WAYS.map((way) => (
          <CheckField
            key={way}
            label={t(`notifications.way.${way}`)}
            checked={preferences[way]}
            disabled={way === "sms" && !preferences.phone}
            onChange={(event) => saving.mutate({ ...preferences, [way]: event.target.checked })}
          />
        ))}
        {preferences.push ? <PushHere /> : null}
        <Phone
          key={preferences.phone}
          phone={preferences.phone ?? null}
          onSave={(phone) => saving.mutate({ ...preferences, phone, sms: phone !== null })}
        />
      </fieldset>
      <fieldset className="grid gap-3">
        <legend className="mb-2 text-sm font-medium">{t("notifications.about")}</legend>
        {EVENTS.map((event) => (
          <CheckField
            key={event}
            label={t(`notifications.event.${event}`)}
            checked={preferences.events[event]}
            onChange={({ target }) =>
              saving.mutate({ ...preferences, events: { ...preferences.events, [event]: target.checked } })
            }
          />
        ))}
      </fieldset>
    </div>
  );
}

function Phone({ phone, onSave }: { phone: string | null; onSave: (phone: string | null) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(phone ?? "");
  const [wrong, setWrong] = useState(false);

  function submit(event: FormEvent): void {
    event.preventDefault();
    const number = text.replaceAll(/[\s()-]/g, "");
    // E.164, as gateways want it.
    const fits = number === "" || /^\+[1-9]\d{6,14}$/.test(number);
    setWrong(!fits);
    if (fits) onSave(number || null);
  }

  return (
    <form onSubmit={submit} noValidate className="flex flex-wrap items-end gap-2">
      <div className="min-w-56 flex-1">
        <TextField
          type="tel"
          label={t("notifications.phone")}
          hint={t("notifications.phoneHint")}
          error={wrong ? t("notifications.phoneWrong") : undefined}
          autoComplete="tel"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <Button type="submit" variant="secondary" className="mb-6" disabled={text === (phone ?? "")}>
        {t("account.save")}
      </Button>
    </form>
  );
}

/** Push reaches only browsers that were asked. */
function PushHere() {
  const { t } = useTranslation();
  const { state, pending, error, change } = usePush();
  if (!state) return <Skeleton className="h-11" />;
  return (
    <div className="ml-8 flex flex-wrap items-center gap-3 text-sm">
      <span className="min-w-0">{t(`notifications.push.${state}`)}</span>
      {state === "on" || state === "off" ? (
        <Button size="small" variant="secondary" disabled={pending} onClick={() => change(state === "off")}>
          {state === "off" ? t("notifications.push.start") : t("notifications.push.stop")}
        </Button>
      ) : null}
      {error ? (
        <p role="alert" className="w-full text-danger">
          {t("notifications.push.failed")}
        </p>
      ) : null}
    </div>
  );
}
