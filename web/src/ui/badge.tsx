/** Small labels: live, status, phase. */
import { clsx } from "clsx";
import { Eye } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLocale } from "./i18n/locale";

type Tone = "neutral" | "live" | "good" | "warn" | "danger";

const TONES: Record<Tone, string> = {
  neutral: "border-line bg-raised text-ink",
  live: "border-live bg-live-ground text-white",
  good: "border-transparent bg-good-soft text-good",
  warn: "border-transparent bg-warn-soft text-warn",
  danger: "border-transparent bg-danger-soft text-danger",
};

const SHAPE =
  "inline-flex items-center gap-1.5 rounded-full border px-2.5 py-0.5 text-xs font-semibold whitespace-nowrap";

/** A label of a few words. */
export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={clsx(SHAPE, TONES[tone], "[&_svg]:size-3.5")}>{children}</span>;
}

/** The red badge of a class on the air. */
export function LiveBadge() {
  const { t } = useTranslation();
  return (
    <span className={clsx(SHAPE, TONES.live, "tracking-wide uppercase")}>
      <span className="size-2 animate-pulse-live rounded-full bg-white" aria-hidden="true" />
      {t("status.live")}
    </span>
  );
}

/** How many people watch. */
export function ViewerCount({ count }: { count: number }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <span className="inline-flex items-center gap-1.5 text-sm tabular-nums" data-viewers={count}>
      <Eye className="size-4" aria-hidden="true" />
      <span aria-hidden="true">{count.toLocaleString(locale)}</span>
      <span className="sr-only">{t("watch.viewers", { count })}</span>
    </span>
  );
}

const PHASES = {
  1: "bg-phase-1 text-ink",
  2: "bg-phase-2 text-good",
  3: "bg-phase-3 text-warn",
  4: "bg-phase-4 text-primary",
} as const;

/** The phase a class belongs to; nothing where it belongs to none. */
export function PhaseBadge({ phase }: { phase: number | null | undefined }) {
  const { t } = useTranslation();
  if (phase !== 1 && phase !== 2 && phase !== 3 && phase !== 4) return null;
  return <span className={clsx(SHAPE, "border-transparent", PHASES[phase])}>{t(`phase.p${phase}`)}</span>;
}
