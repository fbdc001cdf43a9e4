/** What one can do with a class before it starts: put it in a calendar, be reminded. */
import { Bell, BellRing, CalendarPlus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, buttonClass } from "./button";
import { Failure } from "./failure";

interface PrepareButtonsProps {
  /** Of the class, for those who do not see which card this is on. */
  title: string;
  /** Address of its calendar file. */
  calendar: string;
  reminded: boolean;
  pending: boolean;
  error: unknown;
  onRemind: (on: boolean) => void;
}

/** Two small buttons. */
export function PrepareButtons({ title, calendar, reminded, pending, error, onRemind }: PrepareButtonsProps) {
  const { t } = useTranslation();
  const label = reminded ? t("streams.reminded") : t("streams.remind");
  return (
    <div className="flex flex-wrap gap-2">
      <a
        href={calendar}
        download
        className={buttonClass({ variant: "secondary", size: "small" })}
        aria-label={`${t("streams.calendar")}: ${title}`}
      >
        <CalendarPlus aria-hidden="true" />
        {t("streams.calendar")}
      </a>
      <Button
        variant="secondary"
        size="small"
        aria-pressed={reminded}
        aria-label={`${label}: ${title}`}
        disabled={pending}
        onClick={() => onRemind(!reminded)}
      >
        {reminded ? <BellRing aria-hidden="true" className="fill-current" /> : <Bell aria-hidden="true" />}
        {label}
      </Button>
      <Failure error={error} className="w-full" />
    </div>
  );
}
