/** Vite plugin: fails a build whose first page would bring more than its budget over the line. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

/** `index.html` and everything that it names, in Brotli. Pages, players and languages are loaded when needed. */
const BUDGET_BYTES = 150_000;

/** Runs after the compressed copies are there. */
export function budget(): Plugin {
  let folder = "dist";
  return {
    name: "budget",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle: {
      order: "post",
      sequential: true,
      async handler() {
        const page = await readFile(join(folder, "index.html"), "utf8");
        const names = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, name]) => name ?? "");
        const sizes = await Promise.all(["index.html", ...names].map((name) => sent(join(folder, name))));
        const total = sizes.reduce((sum, size) => sum + size, 0);
        this.info(`the first page takes ${total} bytes in Brotli`);
        if (total > BUDGET_BYTES) this.error(`that is more than the ${BUDGET_BYTES} of its budget`);
      },
    },
  };
}

/** Bytes on the line: the compressed copy, or the file itself where that is too small to have one. */
async function sent(path: string): Promise<number> {
  const compressed = await stat(`${path}.br`).catch(() => null);
  return (compressed ?? (await stat(path))).size;
}
