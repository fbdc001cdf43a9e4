/**
 * Lighthouse on the pages that most people open, as a phone and as a desktop sees them:
 * `npx playwright test --config e2e/playwright.config.ts --project browser lighthouse` prints the marks.
 *
 * The mark for performance depends on what else the machine does: it is printed with what lowers it, and not held. Held is
 * what does not: how much a page loads and in how many requests, when its largest part is there on a phone's simulated
 * network, and that nothing shifts.
 */
import { chromium } from "@playwright/test";
import lighthouse, { desktopConfig } from "lighthouse";
import * as pages from "./support/pages";
import { freeTcpPort, type Server } from "./support/server";
import { expect, test } from "./support/test";

test.use({ instance: "lighthouse" });

test.describe.configure({ mode: "serial" });

const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"] as const;
type Category = (typeof CATEGORIES)[number];
/** Of 100. */
const LEAST = { accessibility: 100, "best-practices": 95, seo: 95 } as const;
/** What Lighthouse calls good. */
const MOST_SHIFT = 0.1;
/** By the simulated network of a phone; what the machine computes meanwhile counts a little. */
const MOST_UNTIL_LARGEST_MS = 3_000;
/** Everything but the pictures and the film of a class, which are as large as somebody made them. */
const MOST_BYTES = 225_000;
const MOST_REQUESTS = 18;
/** What a replay loads before anybody plays it: its first seconds. */
const MOST_FILM_BYTES = 1_000_000;

let port: number;
let watch: string;
let replay: string;

test("the first administrator loads the example data on the page that they see first", async ({ server, open }) => {
  const admin = await open();
  await pages.setUp(admin, server.setupLink);
  await admin.getByRole("button", { name: "Load example data" }).click();
  replay =
    (await admin
      .getByRole("link", { name: /^Watch replay/ })
      .first()
      .getAttribute("href")) ?? "";
  const address = await admin
    .getByRole("link", { name: /^Details/ })
    .first()
    .getAttribute("href");
  watch = address ?? "";
  for (const address of [watch, replay]) expect(address).toContain("/watch");
});

for (const form of ["mobile", "desktop"] as const) {
  test(`the list of classes, the waiting room and a replay are good on a ${form} screen`, async ({ server }) => {
    port = await freeTcpPort();
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", `--remote-debugging-port=${port}`],
    });
    for (const path of ["/streams", watch, replay]) {
      const { marks, shift, largestMs, load } = await mark(server, path, form);
      const shown = CATEGORIES.map((name) => [name, marks[name].score, ...marks[name].faults].join(" "));
      const figures = `largest part after ${Math.round(largestMs)} ms, ${JSON.stringify(load)}`;
      process.stdout.write(`${path} ${form}: ${shown.join(", ")}; ${figures}\n`);
      for (const [name, least] of Object.entries(LEAST)) {
        const { score, faults } = marks[name as keyof typeof LEAST];
        expect.soft(score, `${name} of ${path} on ${form}: ${faults.join("; ")}`).toBeGreaterThanOrEqual(least);
      }
      expect.soft(shift, `shifts on ${path} on ${form}`).toBeLessThanOrEqual(MOST_SHIFT);
      expect.soft(largestMs, `largest part of ${path} on ${form}`).toBeLessThanOrEqual(MOST_UNTIL_LARGEST_MS);
      expect.soft(load.bytes, `bytes of ${path} on ${form}`).toBeLessThanOrEqual(MOST_BYTES);
      expect.soft(load.requests, `requests of ${path} on ${form}`).toBeLessThanOrEqual(MOST_REQUESTS);
      expect.soft(load.filmBytes, `film of ${path} on ${form}`).toBeLessThanOrEqual(MOST_FILM_BYTES);
    }
    await browser.close();
  });
}

interface Mark {
  score: number;
  /** What took points away. */
  faults: string[];
}

interface Marks {
  marks: Record<Category, Mark>;
  shift: number;
  largestMs: number;
  load: Load;
}

/** What the network carried until the page was still. */
interface Load {
  requests: number;
  bytes: number;
  filmBytes: number;
}

async function mark(server: Server, path: string, form: "mobile" | "desktop"): Promise<Marks> {
  const flags = { port, output: "json" as const, onlyCategories: [...CATEGORIES], logLevel: "error" as const };
  const result = await lighthouse(server.url + path, flags, form === "desktop" ? desktopConfig : undefined);
  if (!result) throw new Error("Lighthouse gave no result");
  const { categories, audits } = result.lhr;
  const of = (name: Category): Mark => {
    const category = categories[name];
    const faults = (category?.auditRefs ?? [])
      .filter(({ id, weight }) => weight > 0 && (audits[id]?.score ?? 1) < 0.9)
      .map(({ id }) => `${id} ${audits[id]?.displayValue ?? ""}`.trim());
    return { score: Math.round((category?.score ?? 0) * 100), faults };
  };
  const marks = {
    performance: of("performance"),
    accessibility: of("accessibility"),
    "best-practices": of("best-practices"),
    seo: of("seo"),
  };
  const number = (id: string) => audits[id]?.numericValue ?? Number.POSITIVE_INFINITY;
  return {
    marks,
    shift: number("cumulative-layout-shift"),
    largestMs: number("largest-contentful-paint"),
    load: loadOf(audits["network-requests"]?.details),
  };
}

/** The engine of replays and what it fetches come after the page: they are counted by themselves. */
function loadOf(details: unknown): Load {
  const { items } = details as { items: { url: string; transferSize: number; resourceType: string }[] };
  const isFilm = ({ url }: { url: string }) => /\/hls-|\/hls\/|\/media\//.test(url);
  const sum = (list: typeof items) => list.reduce((total, { transferSize }) => total + transferSize, 0);
  const page = items.filter((item) => !isFilm(item) && item.resourceType !== "Image");
  return { requests: page.length, bytes: sum(page), filmBytes: sum(items.filter(isFilm)) };
}
