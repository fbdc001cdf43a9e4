/** How many people came, and what they paid. */
import { useTranslation } from "react-i18next";
import type { OwnSession } from "../../api/types";
import { Figures } from "../../ui/figures";
import { useLocale } from "../../ui/i18n/locale";
import { Card } from "../../ui/page";
import { useTokens } from "../../ui/tokens";

/** Enrolments, revenue and the most viewers at once, renewed while the class is on. */
export function ClassFigures({ session }: { session: OwnSession }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const tokens = useTokens();
  const { totalEnrollments, revenueTokens, maxViewers, viewerCount } = session;
  const peak = Math.max(maxViewers, viewerCount);
  return (
    <Card className="grid gap-3 p-4 max-sm:mx-4 sm:p-5">
      <h2 className="font-semibold">{t("broadcast.figures")}</h2>
      <Figures
        figures={[
          {
            id: "enrolments",
            name: t("broadcast.enrolments"),
            value: totalEnrollments.toLocaleString(locale),
            raw: totalEnrollments,
          },
          { id: "revenue", name: t("broadcast.revenue"), value: tokens(revenueTokens), raw: revenueTokens },
          { id: "peak", name: t("broadcast.peak"), value: peak.toLocaleString(locale), raw: peak },
        ]}
      />
    </Card>
  );
}
