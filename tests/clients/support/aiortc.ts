/** aiortc, the WebRTC stack of Python: see `aiortc-client.py`. It codes and decodes by itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { CLIP, environment } from "./ffmpeg";

/** What a player has decoded. */
export interface Counts {
  audio: number;
  video: number;
  /** Audio frames that were not silent. */
  loud: number;
}

export class Aiortc {
  readonly #child: ChildProcess;
  counts: Counts = { audio: 0, video: 0, loud: 0 };

  private constructor(args: string[]) {
    const python = join(environment(), "bin/python3");
    const script = join(import.meta.dirname, "aiortc-client.py");
    this.#child = spawn(python, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      const line = bytes.toString().trim().split("\n").at(-1);
      if (line) this.counts = JSON.parse(line) as Counts;
    });
  }

  static publish(url: string, key: string): Aiortc {
    return new Aiortc(["whip", url, key, CLIP]);
  }

  static play(url: string): Aiortc {
    return new Aiortc(["whep", url]);
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}
