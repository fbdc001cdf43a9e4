/** The person's own account, and how the page looks to them. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import { setTheme, type Theme, useTheme } from "../../ui/appearance";
import { buttonClass } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { type Language, setLanguage } from "../../ui/i18n/i18n";
import { Page } from "../../ui/page";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { Browsers } from "./browsers";
import { CalendarFeed } from "./calendar-feed";
import { Notifications } from "./notifications";
import { OwnData } from "./own-data";
import { PasswordSection } from "./password-section";
import { Profile } from "./profile";
import { Section } from "./section";

const THEMES: Theme[] = ["system", "light", "dark"];

/** `/account` */
export function AccountPage() {
  const { t } = useTranslation();
  const me = useQuery(meQuery);
  return (
    <Page title={t("account.title")} width="text">
      <div className="grid gap-4 *:min-w-0">
        {me.isPending ? (
          <Loading>
            <Skeleton className="h-72" />
          </Loading>
        ) : me.isError ? (
          <ErrorState error={me.error} onRetry={() => void me.refetch()} />
        ) : me.data ? (
          <Profile key={me.data.id} user={me.data} />
        ) : (
          <SignInFirst />
        )}
        <Appearance signedIn={Boolean(me.data)} />
        {me.data ? (
          <>
            <Notifications />
            <CalendarFeed />
            <PasswordSection />
            <Browsers />
            <OwnData user={me.data} />
          </>
        ) : null}
      </div>
    </Page>
  );
}

function SignInFirst() {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap gap-2">
      <Link to="/login" search={{ next: "/account" }} className={buttonClass()}>
        {t("nav.logIn")}
      </Link>
      <Link to="/signup" search={{ next: "/account" }} className={buttonClass({ variant: "secondary" })}>
        {t("nav.signUp")}
      </Link>
    </div>
  );
}

/** Of this browser. Who is signed in chooses the language with the profile, since mails speak it too. */
function Appearance({ signedIn }: { signedIn: boolean }) {
  const { t, i18n } = useTranslation();
  const theme = useTheme();
  return (
    <Section title={t("account.preferences")}>
      <div className="grid gap-4 sm:grid-cols-2">
        {signedIn ? null : (
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
        )}
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
    </Section>
  );
}
