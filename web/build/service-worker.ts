/** Vite plugin: writes the service worker, with the page that it shows when the server is not reached inside it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { minify, type Plugin } from "vite";

/** It stands at the root, since it answers for all pages below its own address. */
export function serviceWorker(): Plugin {
  let root = ".";
  return {
    name: "service-worker",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    async generateBundle() {
      const source = (name: string) => readFile(join(root, "src/app", name), "utf8");
      const page = JSON.stringify(await source("offline.html"));
      const script = (await source("service-worker.js")).replace("__OFFLINE_PAGE__", () => page);
      const { code } = await minify("sw.js", script);
      this.emitFile({ type: "asset", fileName: "sw.js", source: code });
    },
  };
}
