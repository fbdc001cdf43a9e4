/** The still picture of a class, or a quiet drawing where there is none. */
import { clsx } from "clsx";
import { Presentation } from "lucide-react";
import type { ReactNode } from "react";

const GROUNDS = ["bg-phase-1", "bg-phase-1", "bg-phase-2", "bg-phase-3", "bg-phase-4"];

interface ThumbnailProps {
  url: string | null | undefined;
  phase: number | null | undefined;
  /** Badges laid over the picture's corner. */
  children?: ReactNode;
}

/** A 16:9 picture. */
export function Thumbnail({ url, phase, children }: ThumbnailProps) {
  return (
    <div className={clsx("relative aspect-video overflow-hidden", GROUNDS[phase ?? 0] ?? GROUNDS[0])}>
      {url ? (
        <img src={url} alt="" loading="lazy" className="size-full object-cover" />
      ) : (
        <Presentation className="absolute inset-0 m-auto size-12 text-muted opacity-40" aria-hidden="true" />
      )}
      {children ? <div className="absolute top-3 left-3 flex flex-wrap gap-2">{children}</div> : null}
    </div>
  );
}
