/** Buttons that lead to accounts elsewhere. */
import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useTranslation } from "react-i18next";
import { providerStart, waysInQuery } from "../../api/accounts";
import { buttonClass } from "../../ui/button";
import { useBeginning } from "./use-enter";

/** One for each that the server knows; nothing where it knows none. */
export function Providers({ next }: { next: string | undefined }) {
  const { t } = useTranslation();
  const { data: ways } = useQuery(waysInQuery);
  const beginning = useBeginning();
  if (!ways?.providers.length) return null;
  return (
    <div className="grid gap-2">
      {ways.providers.map(({ id, name }) => (
        <a key={id} href={providerStart(id, next, beginning)} className={buttonClass({ variant: "secondary" })}>
          <KeyRound aria-hidden="true" />
          {t("login.with", { name })}
        </a>
      ))}
    </div>
  );
}
