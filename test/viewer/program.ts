import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { until } from "../until.js";

const program = fileURLToPath(new URL("../../bin/torquelens.js", import.meta.url));

/** A torquelens that serves the page. */
export class Serving {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #ended: Promise<unknown>;
  #output = "";

  private constructor(argv: readonly string[]) {
    this.#child = spawn(process.execPath, [program, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
  }

  /** Starts a command and waits until it has printed the page's address. */
  static async start(...argv: string[]): Promise<Serving> {
    const serving = new Serving(argv);
    await until(() => {
      if (serving.#child.exitCode !== null) throw new Error(`torquelens ended: ${serving.#output}`);
      return serving.#address();
    });
    return serving;
  }

  /** Of the page, with its token where it has one. */
  get url(): string {
    return this.#address()!;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#ended;
  }

  #address = (): string | undefined => /^page +(http:\S+)/m.exec(this.#output)?.[1];
}
