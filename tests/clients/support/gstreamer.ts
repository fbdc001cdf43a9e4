/** GStreamer's WebRTC, with an RSA key as it makes them: see `gstreamer-client.py`. It codes and decodes by itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** What the client says of itself. */
export interface Report {
  /** Its connection's state, as browsers name them. */
  state: string;
  /** Frames that a player has decoded. */
  audio: number;
  video: number;
}

export class GStreamer {
  readonly #child: ChildProcess;
  report: Report = { state: "new", audio: 0, video: 0 };

  private constructor(args: string[]) {
    const script = join(import.meta.dirname, "gstreamer-client.py");
    // Debian's own Python: its packages hold GStreamer's bindings.
    this.#child = spawn("/usr/bin/python3", [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      const line = bytes.toString().trim().split("\n").at(-1);
      if (line) this.report = JSON.parse(line) as Report;
    });
  }

  static publish(url: string, key: string): GStreamer {
    return new GStreamer(["whip", url, key]);
  }

  static play(url: string): GStreamer {
    return new GStreamer(["whep", url]);
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}
