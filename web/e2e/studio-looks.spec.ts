/** How the pages of instructors and admins look, in each state, and that axe finds nothing on them. */
import type { Page } from "@playwright/test";
import { expectLooks } from "./support/looks";
import { setScene } from "./support/scene";
import { ownClass, studioAnswers } from "./support/studio-scene";
import { expect, test } from "./support/test";

test.use({ instance: "studio-looks" });

const shown = (text: RegExp | string) => async (page: Page) => {
  await expect(page.getByText(text).first()).toBeVisible();
};

const PAGES: { name: string; path: string; prepare?: (page: Page) => Promise<void> }[] = [
  { name: "studio", path: "/instructor/streams", prepare: shown("Prijs verdedigen") },
  { name: "studio-nothing", path: "/instructor/streams?search=xyz", prepare: shown(/No class is like|Zo’n les/) },
  {
    name: "create-series",
    path: "/instructor/streams/create",
    prepare: async (page) => {
      await page.locator("select[name=repeat]").selectOption("1");
      await expect(page.getByTestId("dates").locator("li")).toHaveCount(6);
    },
  },
  { name: "edit", path: `/instructor/streams/${ownClass("afterTheChange").id}/edit`, prepare: formShown },
  { name: "broadcast", path: `/instructor/streams/${ownClass("soon").id}/broadcast`, prepare: cameraShown },
  {
    name: "analytics",
    path: `/instructor/streams/${ownClass("replay").id}/analytics`,
    prepare: shown(/1[.,]240 tokens/),
  },
  { name: "overview", path: "/instructor/analytics", prepare: shown(/^(Revenue by class|Opbrengst per les)$/) },
  { name: "admin-health", path: "/admin", prepare: shown("One mail could not be sent.") },
  { name: "admin-users", path: "/admin/users", prepare: shown("sarah@example.org") },
  { name: "admin-classes", path: "/admin/classes", prepare: shown("Prijs verdedigen") },
  { name: "admin-jobs", path: "/admin/jobs", prepare: shown("the store did not answer") },
  { name: "admin-recordings", path: "/admin/recordings", prepare: shown("Prijs verdedigen") },
  { name: "admin-audit", path: "/admin/audit", prepare: shown("tokens.grant") },
  {
    name: "admin-settings",
    path: "/admin/settings",
    prepare: shown(/^(Words that are not allowed|Woorden die niet mogen)$/),
  },
];

async function formShown(page: Page): Promise<void> {
  await expect(page.locator("input[name=title]")).toBeVisible();
}

/** What moves, the picture and the level of the sound, is not part of the looks. */
async function cameraShown(page: Page): Promise<void> {
  await expect(page.getByRole("button", { name: /^(Go live|Ga live)$/ })).toBeEnabled();
  await page.evaluate(() => {
    for (const moving of document.querySelectorAll<HTMLElement>("video, meter + div"))
      moving.style.visibility = "hidden";
  });
}

for (const one of PAGES) {
  test(one.name, async ({ open }) => {
    const page = await open();
    await setScene(page, { answers: studioAnswers() });
    await expectLooks(page, one);
  });
}

test("a new instructor is told what to do", async ({ open }) => {
  const page = await open();
  const nothing = { sessions: [], hasMore: false };
  const totals = { sessions: 0, enrolments: 0, revenueTokens: 0, peakViewers: 0, watchSeconds: 0 };
  await setScene(page, {
    answers: {
      ...studioAnswers(),
      "/api/instructor/streams": nothing,
      "/api/instructor/analytics": { slots: [], totals },
    },
  });
  await expectLooks(page, { name: "studio-empty", path: "/instructor/streams" });
  await expectLooks(page, { name: "overview-empty", path: "/instructor/analytics" });
});

test("pages whose questions fail say so, and what to do", async ({ open }) => {
  const page = await open();
  const paths = ["/api/instructor/streams", "/api/instructor/analytics", "/api/admin/health", "/api/admin/jobs"];
  await setScene(page, {
    answers: { ...studioAnswers(), ...Object.fromEntries(paths.map((path) => [path, 403])) },
  });
  const failed = async (there: Page) => {
    await expect(there.getByRole("alert").first()).toBeVisible();
    await expect(there.getByRole("button", { name: /Try again|Opnieuw/ }).first()).toBeVisible();
  };
  await expectLooks(page, { name: "studio-failed", path: "/instructor/streams", prepare: failed });
  for (const path of ["/instructor/analytics", "/admin", "/admin/jobs"]) {
    await page.goto(path);
    await failed(page);
  }
});
