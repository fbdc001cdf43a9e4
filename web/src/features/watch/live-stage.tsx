/** A class that is on the air: as it happens, or by HLS where one went back or nothing else gets through. */
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { Session } from "../../api/types";
import { LivePlayer } from "./live-player";
import { Stage } from "./stage";
import type { Place } from "./use-replay";

// The live player must start at once; the other engine takes a moment to load anyway.
const DelayedPlayer = lazy(async () => ({ default: (await import("./delayed-player")).DelayedPlayer }));

/** How the picture comes: directly; by HLS because the viewer went back; by HLS because nothing else works. */
export type Way = "direct" | "rewound" | "fallback";

interface LiveStageProps {
  session: Session;
  overlay?: ReactNode;
  /** Where somebody is who watches by HLS; null for who watches directly. */
  onMove: (place: Place | null) => void;
}

/** Starts directly. */
export function LiveStage({ session, overlay, onMove }: LiveStageProps) {
  const [way, setWay] = useState<Way>(() => (canConnect() || !session.recordingEnabled ? "direct" : "fallback"));
  if (way === "direct") {
    const other = session.recordingEnabled
      ? { onRewind: () => setWay("rewound"), onNoPath: () => setWay("fallback") }
      : {};
    return <LivePlayer session={session} overlay={overlay} {...other} />;
  }
  return (
    <Suspense fallback={<Stage state="connecting">{null}</Stage>}>
      <DelayedPlayer
        key={way}
        session={session}
        rewound={way === "rewound"}
        overlay={overlay}
        onDirect={() => {
          onMove(null);
          setWay("direct");
        }}
        onMove={onMove}
      />
    </Suspense>
  );
}

/** Some browsers are set up, or built, without WebRTC. */
function canConnect(): boolean {
  return "RTCPeerConnection" in globalThis;
}
