/** Marks whoever runs the class. */
import { useTranslation } from "react-i18next";

/** The design's host badge. */
export function HostBadge() {
  const { t } = useTranslation();
  return (
    <span className="rounded-full bg-primary px-2 text-xs leading-5 font-semibold text-on-primary">
      {t("chat.host")}
    </span>
  );
}
