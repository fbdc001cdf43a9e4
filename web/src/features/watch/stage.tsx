/** The black 16:9 frame that everything on the watch page plays in. */
import { clsx } from "clsx";
import { LoaderCircle } from "lucide-react";
import { createContext, type ReactNode, useContext, useState } from "react";
import { useTranslation } from "react-i18next";

/** What the frame shows; also its `data-state`. */
export type StageState =
  | "idle"
  | "connecting"
  | "live"
  | "delayed"
  | "reconnecting"
  | "waiting"
  | "ended"
  | "replay"
  | "failed";

const StageElement = createContext<HTMLElement | null>(null);

/** The frame's element: what goes full screen, and where menus must be drawn to be seen then. */
export function useStageElement(): HTMLElement | null {
  return useContext(StageElement);
}

interface StageProps {
  state: StageState;
  className?: string;
  children: ReactNode;
}

/** The frame, with its state for the eye of tests and style sheets. */
export function Stage({ state, className, children }: StageProps) {
  const { t } = useTranslation();
  const [element, setElement] = useState<HTMLElement | null>(null);
  return (
    <section
      ref={setElement}
      aria-label={t("watch.player")}
      data-state={state}
      className={clsx(
        "group/stage relative isolate aspect-video w-full overflow-hidden bg-black text-white",
        "ring-line sm:rounded-card sm:ring-1 [:fullscreen]:rounded-none",
        className,
      )}
    >
      <StageElement value={element}>{children}</StageElement>
    </section>
  );
}

interface StageNoticeProps {
  title: string;
  busy?: boolean;
  /** Lets the last picture shine through. */
  veil?: boolean;
  children?: ReactNode;
}

/** A message in the middle of the frame, spoken by screen readers when it appears. */
export function StageNotice({ title, busy = false, veil = false, children }: StageNoticeProps) {
  return (
    <div
      role="status"
      className={clsx(
        "absolute inset-0 z-10 flex flex-col items-center justify-center gap-2 p-4 text-center sm:p-8",
        veil ? "bg-black/65" : "bg-[hsl(216_30%_8%)]",
      )}
    >
      {busy ? <LoaderCircle className="size-8 animate-spin sm:size-10" aria-hidden="true" /> : null}
      <p className="text-lg font-semibold sm:text-xl">{title}</p>
      {children}
    </div>
  );
}
