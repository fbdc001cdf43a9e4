/** A class that is on the air: as it happens, or by HLS where one went back or nothing else gets through. */
import { lazy, type ReactNode, Suspense, useState } from "react";
import { playlistOf } from "../../api/sessions";
import type { Session } from "../../api/types";
import { LivePlayer } from "./live-player";
import { Stage } from "./stage";

// The live player must start at once; the other engine takes a moment to load anyway.
const DelayedPlayer = lazy(async () => ({ default: (await import("./delayed-player")).DelayedPlayer }));

/** How the picture comes: directly; by HLS because the viewer went back; by HLS because nothing else works. */
export type Way = "direct" | "rewound" | "fallback";

/** Starts directly. */
export function LiveStage({ session, overlay }: { session: Session; overlay?: ReactNode }) {
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
        playlist={playlistOf(session)}
        viewers={session.viewerCount}
        rewound={way === "rewound"}
        overlay={overlay}
        onDirect={() => setWay("direct")}
      />
    </Suspense>
  );
}

/** Some browsers are set up, or built, without WebRTC. */
function canConnect(): boolean {
  return "RTCPeerConnection" in globalThis;
}
