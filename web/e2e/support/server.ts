/** A running server in a folder of its own, on free ports, which a test may stop, kill and start again. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** How long the server may take to start, or to stop. */
const PATIENCE_MS = 20_000;

/** The server under test. */
export class Server {
  readonly folder: string;
  readonly url: string;
  readonly binary: string;
  /** Where it takes media. */
  readonly udpPort: number;
  readonly #env: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  #log = "";

  private constructor(folder: string, http: number, udp: number, settings: Record<string, string>) {
    this.folder = folder;
    this.url = `http://localhost:${http}`;
    this.udpPort = udp;
    this.binary = process.env.TEST_BINARY ?? join(import.meta.dirname, "../../../target/debug/lectern");
    this.#env = {
      ...process.env,
      LECTERN_HTTP__LISTEN: `127.0.0.1:${http}`,
      // Browsers do not gather loopback addresses: they reach the server by the machine's own.
      LECTERN_MEDIA__UDP_LISTEN: `[::]:${udp}`,
      LECTERN_DATA__DIR: join(folder, "data"),
      ...settings,
    };
  }

  /** Starts a server that has seen nothing yet; `settings` are environment variables beside those that keep tests apart. */
  static async fresh(settings: Record<string, string> = {}): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "lectern-e2e-"));
    const server = new Server(folder, await freeTcpPort(), await freeUdpPort(), settings);
    await server.start();
    return server;
  }

  /** Everything the server has said since it was made. */
  get log(): string {
    return this.#log;
  }

  /** The environment that points other commands of the binary at this server's data. */
  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** Its process, while it runs. */
  get pid(): number {
    if (!this.#process?.pid) throw new Error("the server is not running");
    return this.#process.pid;
  }

  /** The one-time link that makes the first admin. */
  get setupLink(): string {
    const found = /http\S*\/setup\?token=[\w-]+/.exec(this.#log);
    if (!found) throw new Error(`no set-up link in the log:\n${this.#log}`);
    return this.url + new URL(found[0]).pathname + new URL(found[0]).search;
  }

  /** Starts it, again or for the first time, and waits until it answers. */
  async start(): Promise<void> {
    const child = spawn(this.binary, [], { cwd: this.folder, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    const read = (bytes: Buffer) => {
      this.#log += stripVTControlCharacters(bytes.toString());
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the server did not start:\n${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Asks it to stop, and waits until it has. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  /** Takes it away as a power cut would. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Stops it and removes its folder. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`the server ignored ${signal}:\n${this.#log}`)), PATIENCE_MS).unref();
    });
    await Promise.race([exit, late]);
  }
}

/** A port that nobody uses. */
export async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0);
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}
