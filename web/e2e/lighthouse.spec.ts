/**
 * Lighthouse on the pages that most people open, as a phone and as a desktop sees them:
 * `npx playwright test --config e2e/playwright.config.ts --project browser lighthouse` prints the marks.
 *
 * The mark for performance depends on what else the machine does: it is printed with what lowers it, and not held. What
 * does not depend on that is: the size of the first page, by `npm run build`, and that nothing on it shifts.
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

let port: number;
let watch: string;

test("the first administrator loads the example data on the page that they see first", async ({ server, open }) => {
  const admin = await open();
  await pages.setUp(admin, server.setupLink);
  await admin.getByRole("button", { name: "Load example data" }).click();
  const replay = admin.getByRole("link", { name: /^Watch replay/ }).first();
  await expect(replay).toBeVisible();
  const address = await admin
    .getByRole("link", { name: /^Details/ })
    .first()
    .getAttribute("href");
  watch = address ?? "";
  expect(watch).toContain("/watch");
});

for (const form of ["mobile", "desktop"] as const) {
  test(`the list of classes and the watch page are good on a ${form} screen`, async ({ server }) => {
    port = await freeTcpPort();
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", `--remote-debugging-port=${port}`],
    });
    for (const path of ["/streams", watch]) {
      const { marks, shift } = await mark(server, path, form);
      const shown = CATEGORIES.map((name) => [name, marks[name].score, ...marks[name].faults].join(" "));
      process.stdout.write(`${path} ${form}: ${shown.join(", ")}\n`);
      for (const [name, least] of Object.entries(LEAST)) {
        const { score, faults } = marks[name as keyof typeof LEAST];
        expect.soft(score, `${name} of ${path} on ${form}: ${faults.join("; ")}`).toBeGreaterThanOrEqual(least);
      }
      expect.soft(shift, `shifts on ${path} on ${form}`).toBeLessThanOrEqual(MOST_SHIFT);
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
  return { marks, shift: audits["cumulative-layout-shift"]?.numericValue ?? Number.POSITIVE_INFINITY };
}
