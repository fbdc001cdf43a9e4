/** A web site that is not Lectern's: an empty page, and the browser libraries under test as modules. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";

const PAGE = "<!doctype html><meta charset=utf-8><title>Another site</title><body></body>";

/** Serves on a free port of the loopback, which browsers trust as if it were https. */
export class Site {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://localhost:${port}/`;
  }

  static async open(): Promise<Site> {
    const server = createServer((_, response) => {
      response.setHeader("Content-Type", "text/html").end(PAGE);
    });
    server.listen(0, "localhost");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new Site(server, address.port);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
