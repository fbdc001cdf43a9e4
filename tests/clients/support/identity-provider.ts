/** An OpenID provider on this machine: takes every name and password, and knows everybody as NAME@example.org. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import Provider from "oidc-provider";

const CLIENT_ID = "lectern";
const CLIENT_SECRET = "a secret that both know";

/** A running provider with one client. */
export class IdentityProvider {
  readonly issuer: string;
  readonly clientId = CLIENT_ID;
  readonly clientSecret = CLIENT_SECRET;
  readonly #server: Server;

  private constructor(server: Server, issuer: string) {
    this.#server = server;
    this.issuer = issuer;
  }

  /** Starts on a free port; [`allow`] lets a client in. */
  static async open(): Promise<IdentityProvider> {
    const server = createServer();
    server.listen(0, "localhost");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new IdentityProvider(server, `http://localhost:${address.port}`);
  }

  /** Sends people back to this address, once they have signed in. */
  allow(redirectUri: string): void {
    const provider = new Provider(this.issuer, {
      clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri] }],
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
      features: { devInteractions: { enabled: true } },
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: id !== "unverified", name: id }),
      }),
    });
    this.#server.on("request", provider.callback());
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
