/** Which times of the week drew how many viewers. */
import { useTranslation } from "react-i18next";
import type { Overview } from "../../api/analytics";
import { useLocale } from "../../ui/i18n/locale";
import { Scrolled } from "../../ui/table";

type Slot = Overview["slots"][number];

/** 2 January 2023 was a Monday. */
const MONDAY = Date.UTC(2023, 0, 2);
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const FIRST_HOUR = 7;
const LAST_HOUR = 21;

/** A week as a table, the darker the more viewers; hours without a class before and after are left out. */
export function WeekPlot({ slots }: { slots: Slot[] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const day = new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" });
  const most = Math.max(1, ...slots.map((slot) => slot.averageViewers));
  const hours = hoursOf(slots);
  return (
    <Scrolled label={t("analytics.slots")}>
      <table className="w-full min-w-md border-separate border-spacing-1 text-sm">
        <caption className="mb-2 text-left text-sm font-medium">{t("analytics.slots")}</caption>
        <thead>
          <tr>
            <th scope="col" className="sr-only">
              {t("analytics.hour")}
            </th>
            {WEEKDAYS.map((weekday) => (
              <th key={weekday} scope="col" className="font-medium text-muted">
                {day.format(MONDAY + (weekday - 1) * 86_400_000)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {hours.map((hour) => (
            <tr key={hour}>
              <th scope="row" className="w-14 pr-2 text-right font-normal text-muted tabular-nums">
                {String(hour).padStart(2, "0")}:00
              </th>
              {WEEKDAYS.map((weekday) => (
                <Cell
                  key={weekday}
                  slot={slots.find((slot) => slot.weekday === weekday && slot.hour === hour)}
                  most={most}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}

function Cell({ slot, most }: { slot: Slot | undefined; most: number }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (!slot) return <td className="h-8 rounded-md bg-raised" />;
  const viewers = slot.averageViewers.toLocaleString(locale, { maximumFractionDigits: 1 });
  const strength = 10 + Math.round((slot.averageViewers / most) * 22);
  return (
    <td
      className="h-8 rounded-md text-center font-semibold tabular-nums"
      style={{ background: `color-mix(in oklab, var(--color-primary) ${strength}%, var(--color-surface))` }}
      title={t("analytics.slotText", { viewers, count: slot.sessions })}
    >
      {viewers}
      <span className="sr-only">{t("analytics.slotText", { viewers: "", count: slot.sessions })}</span>
    </td>
  );
}

function hoursOf(slots: Slot[]): number[] {
  const from = Math.min(FIRST_HOUR, ...slots.map((slot) => slot.hour));
  const to = Math.max(LAST_HOUR, ...slots.map((slot) => slot.hour));
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
