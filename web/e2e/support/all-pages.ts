/** Every page of the product, in a scene where it has something to show. */
import type { Page } from "@playwright/test";
import { setScene, watchPath } from "./scene";
import { ownClass, studioAnswers } from "./studio-scene";
import { expect } from "./test";

/** Where a page is, and as whom it is opened: signed out, as a learner, or as an admin who teaches. */
export interface Place {
  name: string;
  path: string;
  as: "visitor" | "learner" | "admin";
}

export const ALL_PAGES: Place[] = [
  { name: "login", path: "/login", as: "visitor" },
  { name: "link", path: "/login/link?token=x", as: "visitor" },
  { name: "signup", path: "/signup", as: "visitor" },
  { name: "setup", path: "/setup?token=x", as: "visitor" },
  { name: "streams", path: "/streams", as: "learner" },
  { name: "streams of an admin", path: "/streams", as: "admin" },
  { name: "waiting room", path: watchPath("soon"), as: "learner" },
  { name: "enrolment", path: watchPath("afterTheChange"), as: "learner" },
  { name: "live class", path: watchPath("live"), as: "learner" },
  { name: "instructor", path: "/instructors/0195e000-0000-7000-8000-00000000b001", as: "learner" },
  { name: "library", path: "/workouts", as: "learner" },
  { name: "tokens", path: "/tokens", as: "learner" },
  { name: "account", path: "/account", as: "learner" },
  { name: "studio", path: "/instructor/streams", as: "admin" },
  { name: "create", path: "/instructor/streams/create", as: "admin" },
  { name: "edit", path: `/instructor/streams/${ownClass("afterTheChange").id}/edit`, as: "admin" },
  { name: "broadcast", path: `/instructor/streams/${ownClass("soon").id}/broadcast`, as: "admin" },
  { name: "analytics", path: `/instructor/streams/${ownClass("replay").id}/analytics`, as: "admin" },
  { name: "overview", path: "/instructor/analytics", as: "admin" },
  ...["", "/users", "/classes", "/jobs", "/recordings", "/audit", "/settings"].map((path) => ({
    name: `admin${path}`,
    path: `/admin${path}`,
    as: "admin" as const,
  })),
  { name: "no such page", path: "/nowhere", as: "visitor" },
];

/** Opens a page in its scene and waits until nothing of it is still being loaded. */
export async function openPlace(page: Page, { path, as }: Place): Promise<void> {
  await setScene(page, {
    signedIn: as !== "visitor",
    answers: {
      ...(as === "admin" ? studioAnswers() : {}),
      ...(path.startsWith("/setup") ? { "/api/setup": { needed: true } } : {}),
    },
  });
  await page.goto(path);
  await expect(page.getByRole("heading").first()).toBeVisible();
  await expect(page.locator(".animate-pulse")).toHaveCount(0);
}
