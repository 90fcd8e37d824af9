import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From the first signal sent to the end of the process, milliseconds; NaN where none was sent. */
  readonly afterSignalMs: number;
}

const running = new Set<Program>();
process.on("exit", () => {
  // Not SIGKILL: `ros2 launch` ends what it started, in groups of their own.
  for (const program of running) program.signalGroup("SIGTERM");
});

/** A program under test, in a process group of its own, with all that it printed. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<[number | null, NodeJS.Signals | null]>;
  readonly #name: string;
  #output = "";
  #signalled = Number.NaN;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = process.cwd()) {
    this.#name = [command, ...args].join(" ");
    this.#child = spawn(command, args, { detached: true, cwd, env: { ...process.env, ...env } });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        this.#child.emit("printed");
      });
    }
    this.#ended = once(this.#child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    this.#ended.then(() => running.delete(this));
    running.add(this);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Standard output and error so far, in the order in which they came. */
  get output(): string {
    return this.#output;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until the output matches. Throws with the output where the program ends, or nothing comes, before that. */
  async printed(pattern: RegExp, seconds = 60): Promise<RegExpExecArray> {
    const limit = AbortSignal.timeout(seconds * 1000);
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      if (!this.alive || limit.aborted) {
        throw new Error(
          `${this.#name} ${this.alive ? `in ${seconds} s` : "ended and"} did not print ${pattern}:\n${this.#output}`,
        );
      }
      await Promise.race([once(this.#child, "printed", { signal: limit }), this.#ended]).catch(() => undefined);
    }
  }

  /** Sends a signal to the program alone, as `ros2 run` and a process supervisor do. */
  signal(signal: NodeJS.Signals): void {
    if (Number.isNaN(this.#signalled)) this.#signalled = performance.now();
    this.#child.kill(signal);
  }

  /** Sends a signal to the program's group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    if (Number.isNaN(this.#signalled)) this.#signalled = performance.now();
    process.kill(-this.pid, signal);
  }

  async ended(): Promise<Ended> {
    const [code, signal] = await this.#ended;
    return { code, signal, afterSignalMs: performance.now() - this.#signalled };
  }

  /** Ends the program and what it started, if it still runs. */
  async stop(): Promise<void> {
    if (!this.alive) return;
    this.signalGroup("SIGINT");
    const gone = await Promise.race([this.#ended, sleep(15_000, undefined, { ref: false })]);
    if (gone === undefined) process.kill(-this.pid, "SIGKILL");
    await this.#ended;
  }
}

/** Ends every program that still runs; for `afterEach`. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.stop()));
}

/** Runs a program to its end. */
export async function output(
  command: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ code: number | null; text: string }> {
  const program = new Program(command, args, env);
  const { code } = await program.ended();
  return { code, text: program.output };
}

/** Resident memory of a process, MiB. */
export function residentMiB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(kilobytes![1]) / 1024;
}

/** Asks again until the answer is defined. Throws, naming what was awaited, after `seconds`. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, seconds = 30): Promise<T> {
  const limit = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > limit) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(100);
  }
}
