import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineAddress } from "#src/fleet/engine/address.js";
import { until } from "../../until.js";

/** A port of the loopback address that is free. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** True where something listens there. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.end() !== undefined));
    socket.on("error", () => resolve(false));
  });

/** A redis-server of the test's own, on a free port of the loopback address. */
export class RedisServer {
  #child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private folder: string,
    private readonly more: readonly string[],
  ) {}

  static async start(...more: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), "torquelens-redis-")), more);
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** @param port of a proxy before it; default its own */
  address(port = this.port): EngineAddress {
    return { name: `redis://127.0.0.1:${port}`, options: { host: "127.0.0.1", port } };
  }

  async up(): Promise<void> {
    const argv = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.folder, "--save", "", ...this.more];
    this.#child = spawn("redis-server", [...argv, "--appendonly", "yes", "--appendfsync", "always"], {
      stdio: "ignore",
    });
    await until(() => answers(this.port));
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child!;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Forgets all data; the server must be down. */
  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true });
    this.folder = await mkdtemp(join(tmpdir(), "torquelens-redis-"));
  }

  async stop(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A network on the loopback address that can be cut. */
export class Network {
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  readonly #server = createServer((socket) => {
    if (this.#isCut) return socket.destroy();
    const other = connect(this.target, "127.0.0.1");
    for (const [a, b] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(a);
      a.on("error", () => b.destroy());
      a.on("close", () => {
        this.#sockets.delete(a);
        b.destroy();
      });
      a.pipe(b);
    }
    return undefined;
  });

  private constructor(private readonly target: number) {}

  static async before(target: number): Promise<Network> {
    const network = new Network(target);
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
