/** Signing in with an account elsewhere, at a certified OpenID provider (`oidc-provider`) and with a real browser. */
import { Server } from "../../web/e2e/support/server";
import { expect, type Page, test as base } from "../../web/e2e/support/test";
import { IdentityProvider } from "./support/identity-provider";

/** The tests' server knows a provider. */
const test = base.extend<object, { server: Server }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needs of a fixture from this pattern
    async ({}, use) => {
      const provider = await IdentityProvider.open();
      const { issuer, clientId, clientSecret } = provider;
      const entry = `id = "school", name = "School", issuer = "${issuer}", client_id = "${clientId}"`;
      const oidc = `[{ ${entry}, client_secret = "${clientSecret}" }]`;
      const server = await Server.fresh({ LECTERN_ACCOUNTS__OIDC: oidc });
      provider.allow(`${server.url}/api/auth/oidc/school/callback`);
      await use(server);
      await server.dispose();
      await provider.close();
    },
    { scope: "worker" },
  ],
});

/** Signs in at the provider's own pages, and agrees to what Lectern asks for. */
async function signIn(page: Page, name: string): Promise<void> {
  await page.goto(`/api/auth/oidc/school/start?next=/streams`);
  await page.fill("input[name=login]", name);
  await page.fill("input[name=password]", "anything");
  await page.click("button[type=submit]");
  await page.click("button[type=submit]"); // the consent
}

async function user(page: Page): Promise<Record<string, string> | null> {
  const answer = await page.request.get("/api/auth/me");
  return ((await answer.json()) as { user: Record<string, string> | null }).user;
}

test("somebody signs in with an account elsewhere, and again", async ({ open, server }) => {
  const first = await open();
  await signIn(first, "ann");
  await first.waitForURL(`${server.url}/streams`);
  const ann = await user(first);
  expect(ann).toMatchObject({ email: "ann@example.org", name: "ann", role: "viewer" });

  const second = await open();
  await signIn(second, "ann");
  await second.waitForURL(`${server.url}/streams`);
  expect((await user(second))?.id).toBe(ann?.id);
});

test("an address that the provider has not verified lets nobody in", async ({ open, server }) => {
  const page = await open();
  await signIn(page, "unverified");
  await page.waitForURL(`${server.url}/login?problem=oidc-email-unverified`);
  expect(await user(page)).toBeNull();
});

test("whoever says no at the provider is told so", async ({ open, server }) => {
  const page = await open();
  await page.goto(`/api/auth/oidc/school/start`);
  await page.click("text=Cancel");
  await page.waitForURL(`${server.url}/login?problem=oidc-cancelled`);
  expect(await user(page)).toBeNull();
});
