import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Qos {
  readonly reliability?: "reliable" | "best_effort";
  readonly durability?: "volatile" | "transient_local";
  readonly depth?: number;
}

export interface Endpoint {
  /** Full name of its node. */
  readonly node: string;
  readonly type: string;
  readonly qos: Required<Qos>;
}

/** A message as the probe hands it on: byte arrays as `{ length, base64 }`, NaN as text. */
// biome-ignore lint/suspicious/noExplicitAny: fields are as various as message types
export type Fields = any;

/** One message of a stream: what to publish at every tick, its header stamped anew. */
export interface Part {
  readonly topic: string;
  readonly type: string;
  readonly message: object;
  readonly qos?: Qos;
}

/** A camera that the player plays: raw images, or with `format` compressed ones: of the scene, or `file` again and again. */
export type Camera = { readonly topic: string; readonly reliable?: boolean } & (
  | { readonly encoding: string; readonly padded?: boolean; readonly big_endian?: boolean }
  | { readonly format: string; readonly file?: string }
);

/** What the player plays, in the words of `play` in player.py. */
export interface Scene {
  /** By modality. */
  readonly cameras: Readonly<Record<string, Camera>>;
  /** Names in each message of joint states, with velocities or without, from one publisher or one for each message. */
  readonly arm: {
    readonly messages?: readonly (readonly string[])[];
    readonly velocity?: boolean;
    readonly publishers?: boolean;
  };
  /** Where the inputs of each tick are written. */
  readonly directory: string;
}

/** A tick of a scene. */
export interface Played {
  /** Stamp of its images and joint states, nanoseconds. */
  readonly stamp: string;
  /** Files of the pictures that the cameras' messages held, by modality. */
  readonly pictures: Readonly<Record<string, string>>;
  /** JSON file of the policy's other inputs. */
  readonly inputs: string;
}

/** A node of another client library (rclpy) in a process of its own, driven from here. */
export class Probe {
  readonly #process: ChildProcess;
  readonly #open = new Map<number, (line: { answer?: Fields; error?: string }) => void>();
  #next = 1;

  private constructor(process: ChildProcess) {
    this.#process = process;
    createInterface({ input: process.stdout! }).on("line", (line) => {
      const { id, ...result } = JSON.parse(line);
      this.#open.get(id)?.(result);
      this.#open.delete(id);
    });
  }

  /** Starts one; `simTime`: its clock follows /clock. */
  static async start({ simTime = false } = {}): Promise<Probe> {
    const child = spawn("/usr/bin/env", ["python3", "-B", new URL("probe.py", import.meta.url).pathname], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, PROBE_SIM_TIME: simTime ? "1" : "0" },
    });
    const probe = new Probe(child);
    const ready = new Promise<void>((resolve) => probe.#open.set(0, () => resolve()));
    await Promise.race([
      ready,
      once(child, "exit").then(([code]) =>
        Promise.reject(new Error(`the probe ended at start with exit code ${code}`)),
      ),
    ]);
    return probe;
  }

  async #do(name: string, args: object = {}): Promise<Fields> {
    const id = this.#next++;
    const result = await new Promise<{ answer?: Fields; error?: string }>((resolve) => {
      this.#open.set(id, resolve);
      this.#process.stdin!.write(`${JSON.stringify({ id, do: name, with: args })}\n`);
    });
    if (result.error !== undefined) throw new Error(`probe, ${name}: ${result.error}`);
    return result.answer;
  }

  /** Collects the messages of a topic (the newest 400), or with `countOnly` counts them. */
  subscribe(topic: string, type: string, qos: Qos = {}, countOnly = false): Promise<void> {
    return this.#do("subscribe", { topic, type, count_only: countOnly, ...qos });
  }

  unsubscribe(topic: string): Promise<void> {
    return this.#do("unsubscribe", { topic });
  }

  /** Messages received on a topic since it was subscribed to. */
  count(topic: string): Promise<number> {
    return this.#do("count", { topic });
  }

  /** The next `count` messages of a subscribed topic; fewer where so many do not come in `timeout` seconds. */
  async take(
    topic: string,
    { count = 1, timeout = 30, fresh = false, arrays = 64 } = {},
  ): Promise<{ seen: bigint; message: Fields }[]> {
    const taken = await this.#do("take", { topic, count, timeout, fresh, arrays });
    return taken.map(({ seen, message }: Fields) => ({ seen: BigInt(seen), message }));
  }

  /** The next message of a subscribed topic; with `fresh` one that has not come yet. Throws where none comes. */
  async next(topic: string, options: { timeout?: number; fresh?: boolean; arrays?: number } = {}): Promise<Fields> {
    const [taken] = await this.take(topic, options);
    if (!taken) throw new Error(`nothing on ${topic} in ${options.timeout ?? 30} s`);
    return taken.message;
  }

  /** Publishes one message; `stamp`: seconds from now for its header. */
  publish({ topic, type, message, qos }: Part, stamp?: number): Promise<void> {
    return this.#do("publish", { topic, type, message, stamp, ...qos });
  }

  /** Withdraws a publisher that `publish` or `stream` made. */
  unpublish(topic: string, type: string): Promise<void> {
    return this.#do("unpublish", { topic, type });
  }

  /** Publishes the parts again and again, all of one tick with the same stamp; forever, or `count` times. */
  stream(name: string, hz: number, parts: readonly Part[], count = 0): Promise<void> {
    return this.#do("stream", { name, hz, parts, count });
  }

  /** Plays a moving camera and a moving arm, see player.py. @returns what it played, tick by tick */
  play(scene: Scene): Promise<readonly Played[]> {
    return this.#do("play", scene);
  }

  sent(name: string): Promise<number> {
    return this.#do("sent", { name });
  }

  /** Ends a stream; ticks sent. */
  stop(name: string): Promise<number> {
    return this.#do("stop", { name });
  }

  call(service: string, type: string, request: object = {}): Promise<Fields> {
    return this.#do("call", { service, type, request });
  }

  topics(): Promise<Record<string, string[]>> {
    return this.#do("topics");
  }

  services(): Promise<Record<string, string[]>> {
    return this.#do("services");
  }

  nodes(): Promise<string[]> {
    return this.#do("nodes");
  }

  endpoints(topic: string): Promise<{ publishers: Endpoint[]; subscriptions: Endpoint[] }> {
    return this.#do("endpoints", { topic });
  }

  async now(): Promise<bigint> {
    return BigInt(await this.#do("now"));
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.stdin!.end();
    await gone;
  }
}
