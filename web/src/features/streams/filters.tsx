/** Finding classes by words and by phase. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { SelectField, TextField } from "../../ui/field";

/** Typing rests this long before it is searched for. */
const REST_MS = 250;
const PHASES = [1, 2, 3, 4] as const;

/** Keeps what is chosen in the address, so that it can be shared and gone back to. */
export function Filters() {
  const { t } = useTranslation();
  const { q = "", phase } = useSearch({ from: "/streams" });
  const navigate = useNavigate({ from: "/streams" });
  const [text, setText] = useState(q);
  const searched = useRef(q);

  // Changed from elsewhere: the way back, or "show all".
  useEffect(() => {
    if (q === searched.current) return;
    searched.current = q;
    setText(q);
  }, [q]);

  useEffect(() => {
    if (text === q) return;
    const timer = setTimeout(() => {
      searched.current = text;
      void navigate({ search: ({ q: _, ...old }) => ({ ...old, ...(text ? { q: text } : {}) }), replace: true });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text, q, navigate]);

  return (
    <search className="mb-8 grid gap-3 sm:grid-cols-[minmax(0,1fr)_14rem]">
      <div className="relative">
        <TextField
          type="search"
          label={t("streams.search")}
          placeholder={t("streams.searchHint")}
          value={text}
          onChange={(event) => setText(event.target.value)}
          className="pl-10"
        />
        <Search className="pointer-events-none absolute bottom-3 left-3 size-5 text-muted" aria-hidden="true" />
      </div>
      <SelectField
        label={t("streams.phase")}
        value={phase ?? ""}
        onChange={(event) => {
          const chosen = Number(event.target.value);
          void navigate({
            search: ({ phase: _, ...old }) => ({ ...old, ...(chosen ? { phase: chosen } : {}) }),
            replace: true,
          });
        }}
      >
        <option value="">{t("streams.allPhases")}</option>
        {PHASES.map((one) => (
          <option key={one} value={one}>
            {t(`phase.p${one}`)}
          </option>
        ))}
      </SelectField>
    </search>
  );
}
