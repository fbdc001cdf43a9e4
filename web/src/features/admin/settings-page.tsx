/** Settings that may be changed while the server runs. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { changeSettings, type Setting, settingsQuery } from "../../api/admin";
import { Button } from "../../ui/button";
import { Failure } from "../../ui/failure";
import { CheckField, TextAreaField, TextField } from "../../ui/field";
import { Card, Page } from "../../ui/page";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { changesOf, shownAs } from "./settings";

/** `/admin/settings` */
export function SettingsPage() {
  const { t } = useTranslation();
  const settings = useQuery(settingsQuery);
  return (
    <Page title={t("admin.pages.settings")} lead={t("admin.settings.lead")} width="text">
      {settings.isPending ? (
        <Loading>
          <Skeleton className="h-96" />
        </Loading>
      ) : null}
      {settings.isError && !settings.data ? (
        <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />
      ) : null}
      {settings.data?.length === 0 ? <EmptyState title={t("admin.settings.none")} /> : null}
      {settings.data && settings.data.length > 0 ? (
        <Card className="p-5 sm:p-6">
          <SettingsForm settings={settings.data} />
        </Card>
      ) : null}
    </Page>
  );
}

function SettingsForm({ settings }: { settings: Setting[] }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [saved, setSaved] = useState(false);
  const save = useMutation({
    mutationFn: changeSettings,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: settingsQuery.queryKey });
      setSaved(true);
    },
  });

  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    setSaved(false);
    save.mutate(changesOf(settings, new FormData(event.currentTarget)));
  }

  return (
    <form onSubmit={onSubmit} onChange={() => setSaved(false)} className="grid gap-5">
      <Failure error={save.error} boxed />
      {settings.map((setting) => (
        <SettingField key={setting.key} setting={setting} />
      ))}
      <div className="flex items-center gap-3">
        <Button type="submit" size="large" disabled={save.isPending}>
          {t("create.save")}
        </Button>
        <span role="status" className="text-sm text-good">
          {saved ? t("admin.settings.saved") : ""}
        </span>
      </div>
    </form>
  );
}

/** In the reader's words; what the page does not know yet, in the server's own. */
function SettingField({ setting }: { setting: Setting }) {
  const { t } = useTranslation();
  const { key, value, description } = setting;
  const known = KNOWN.find((name) => name === key);
  const common = known
    ? { name: key, label: t(`admin.settings.known.${known}.label`), hint: t(`admin.settings.known.${known}.hint`) }
    : { name: key, label: key, hint: description };
  switch (shownAs(value)) {
    case "check":
      return <CheckField {...common} defaultChecked={value === true} />;
    case "number":
      return <TextField {...common} type="number" defaultValue={Number(value)} required />;
    case "list":
      return <TextAreaField {...common} defaultValue={Array.isArray(value) ? value.join("\n") : ""} />;
    case "text":
      return <TextField {...common} defaultValue={String(value ?? "")} />;
  }
}

/** Settings that have words in both languages, by their names in `config.toml`. */
const KNOWN = [
  "accounts.sign_up",
  "limits.logins_per_address",
  "limits.logins_per_account",
  "limits.sign_ups_per_address",
  "limits.links_per_address",
  "limits.links_per_mailbox",
  "recording.retention_days",
  "sessions.cancel_unstarted_after_minutes",
  "access.subscriber_tiers",
  "access.replay_tiers",
  "conversation.messages_per_minute",
  "conversation.banned_words",
  "conversation.retention_days",
] as const;
