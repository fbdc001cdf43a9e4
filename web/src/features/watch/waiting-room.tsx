/** Before the start: how long still. */
import { useTranslation } from "react-i18next";
import type { Session } from "../../api/types";
import { clock } from "../../ui/time";
import { useNow } from "../../ui/use-now";
import { Stage, StageNotice } from "./stage";

const DAY_S = 86_400;

/** Counts down to the planned start; the page changes to the player by itself. */
export function WaitingRoom({ session }: { session: Session }) {
  const { t } = useTranslation();
  const left = Math.ceil((Date.parse(session.scheduledDate) - useNow()) / 1000);
  return (
    <Stage state="waiting">
      <StageNotice title={t("watch.waiting.title")}>
        {left > 0 ? (
          <p>
            <span className="block text-sm opacity-80">{t("watch.waiting.startsIn")}</span>
            <span role="timer" aria-live="off" className="block text-4xl font-bold tabular-nums sm:text-6xl">
              <Countdown seconds={left} />
            </span>
          </p>
        ) : (
          <p className="text-2xl font-bold sm:text-4xl">{t("watch.waiting.soon")}</p>
        )}
        <p className="max-w-prose text-sm opacity-80">{t("watch.waiting.stay")}</p>
      </StageNotice>
    </Stage>
  );
}

function Countdown({ seconds }: { seconds: number }) {
  const { t } = useTranslation();
  const days = Math.floor(seconds / DAY_S);
  if (days === 0) return clock(seconds);
  return `${t("watch.waiting.days", { count: days })} ${clock(seconds % DAY_S)}`;
}
