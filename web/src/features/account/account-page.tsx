/** The person's own account and how the page looks to them. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import type { User } from "../../api/types";
import { setTheme, type Theme, useTheme } from "../../ui/appearance";
import { buttonClass } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { type Language, setLanguage } from "../../ui/i18n/i18n";
import { Card, Page } from "../../ui/page";
import { Loading, Skeleton } from "../../ui/states";

const THEMES: Theme[] = ["system", "light", "dark"];

/** `/account` */
export function AccountPage() {
  const { t } = useTranslation();
  const me = useQuery(meQuery);
  return (
    <Page title={t("account.title")} width="text">
      <div className="grid gap-4">
        {me.isPending ? (
          <Loading>
            <Skeleton className="h-36" />
          </Loading>
        ) : me.data ? (
          <Profile user={me.data} />
        ) : (
          <Card className="flex flex-wrap gap-2 p-6">
            <Link to="/login" search={{ next: "/account" }} className={buttonClass()}>
              {t("nav.logIn")}
            </Link>
            <Link to="/signup" search={{ next: "/account" }} className={buttonClass({ variant: "secondary" })}>
              {t("nav.signUp")}
            </Link>
          </Card>
        )}
        <Preferences />
      </div>
    </Page>
  );
}

function Profile({ user }: { user: User }) {
  const { t } = useTranslation();
  const rows = [
    [t("form.name"), user.name],
    [t("form.emailLabel"), user.email],
    [t("account.role"), t(`account.roles.${user.role}`)],
  ];
  return (
    <Card className="p-6">
      <h2 className="mb-3 text-lg font-semibold">{t("account.profile")}</h2>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {rows.map(([term, value]) => (
          <div key={term} className="contents">
            <dt className="text-muted">{term}</dt>
            <dd className="min-w-0 wrap-anywhere">{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Preferences() {
  const { t, i18n } = useTranslation();
  const theme = useTheme();
  return (
    <Card className="p-6">
      <h2 className="mb-3 text-lg font-semibold">{t("account.preferences")}</h2>
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          label={t("account.language")}
          value={i18n.language}
          onChange={(event) => void setLanguage(event.target.value as Language)}
        >
          <option value="nl" lang="nl">
            Nederlands
          </option>
          <option value="en" lang="en">
            English
          </option>
        </SelectField>
        <SelectField
          label={t("account.theme")}
          value={theme}
          onChange={(event) => setTheme(event.target.value as Theme)}
        >
          {THEMES.map((choice) => (
            <option key={choice} value={choice}>
              {t(`account.themes.${choice}`)}
            </option>
          ))}
        </SelectField>
      </div>
    </Card>
  );
}
