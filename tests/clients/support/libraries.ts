/** The browser libraries under test, in one script for a page. */
import { build } from "esbuild";
import type { WHIPClient as EyevinnPublisher } from "@eyevinn/whip-web-client";
import type { WebRTCPlayer as EyevinnPlayer } from "@eyevinn/webrtc-player";
import type { WHEPClient as MedoozePlayer } from "whip-whep/whep.js";
import type { WHIPClient as MedoozePublisher } from "whip-whep/whip.js";

declare global {
  interface Window {
    EyevinnPlayer: typeof EyevinnPlayer;
    EyevinnPublisher: typeof EyevinnPublisher;
    MedoozePlayer: typeof MedoozePlayer;
    MedoozePublisher: typeof MedoozePublisher;
  }
}

const ENTRY = `
  export { WebRTCPlayer as EyevinnPlayer } from "@eyevinn/webrtc-player";
  export { WHIPClient as EyevinnPublisher } from "@eyevinn/whip-web-client";
  export { WHEPClient as MedoozePlayer } from "whip-whep/whep.js";
  export { WHIPClient as MedoozePublisher } from "whip-whep/whip.js";
`;

/** A classic script that defines the four classes as globals. */
export async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "libraries",
    footer: { js: "Object.assign(window, libraries);" },
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
