/**
 * Vite plugin: makes one answer of the server enough for the first paint, and lets the browser fetch the rest side by
 * side. The page carries its styles and `src/app/begin.js`, which is told here which files each page is made of.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { minify, type Plugin, type Rolldown } from "vite";

/** A page that people open from outside, and what it asks the server for before anything can be seen. */
interface FirstPage {
  /** A pattern; its first group stands for `$1` in the addresses. */
  path: string;
  module: string;
  asks: string[];
}

/** Addresses are as the page's own queries write them: an answer fetched ahead is taken by its address. */
const PAGES: FirstPage[] = [
  {
    path: "^/(?:streams)?$",
    module: "/src/features/streams/streams-page.tsx",
    asks: ["live", "upcoming", "ended"].map((status) => `/api/live/sessions?status=${status}&limit=100`),
  },
  {
    path: "^/streams/([^/]+)(?:/watch)?$",
    module: "/src/features/watch/watch-page.tsx",
    asks: ["/api/live/sessions/$1"],
  },
];

const LANGUAGES = { en: "/src/ui/i18n/en.ts", nl: "/src/ui/i18n/nl.ts" };

/** Puts styles and the first script into `index.html`. */
export function firstPage(): Plugin {
  let root = ".";
  return {
    name: "first-page",
    configResolved(config) {
      root = config.root;
    },
    transformIndexHtml: {
      order: "post",
      async handler(html, { bundle, chunk }) {
        const script = await readFile(join(root, "src/app/begin.js"), "utf8");
        const files = (module: string) => (bundle && chunk ? filesOf(bundle, root + module, chunk) : []);
        const needs = {
          languages: { en: files(LANGUAGES.en), nl: files(LANGUAGES.nl) },
          pages: PAGES.map(({ path, module, asks }) => ({ path, files: files(module), asks })),
        };
        const { code } = await minify("begin.js", script.replace("__FIRST_NEEDS__", JSON.stringify(needs)));
        const page = html.replace("<!-- begin -->", () => `<script>${code.trim()}</script>`);
        return bundle ? inlineStyles(page, bundle) : page;
      },
    },
  };
}

/** The files that a module is in and needs, without those that the page loads anyway. */
function filesOf(bundle: Rolldown.OutputBundle, module: string, entry: Rolldown.OutputChunk): string[] {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const found = chunks.find((chunk) => chunk.moduleIds.includes(module));
  if (!found) throw new Error(`${module} is in no file of the build`);
  const names = new Set<string>();
  const add = (name: string) => {
    if (name === entry.fileName || entry.imports.includes(name) || names.has(name)) return;
    names.add(name);
    for (const next of chunks.find((chunk) => chunk.fileName === name)?.imports ?? []) add(next);
  };
  add(found.fileName);
  return [...names].map((name) => `/${name}`);
}

/** The style sheet in the page instead of beside it: the first paint waits for no second answer. */
function inlineStyles(html: string, bundle: Rolldown.OutputBundle): string {
  return html.replace(/<link rel="stylesheet"[^>]*href="\/([^"]+)"[^>]*>/, (_, name: string) => {
    const sheet = bundle[name];
    if (sheet?.type !== "asset") throw new Error(`${name} is not a style sheet of the build`);
    delete bundle[name];
    return `<style>${sheet.source.toString().trim()}</style>`;
  });
}
