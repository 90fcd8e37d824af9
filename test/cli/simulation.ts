import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { ReplaySummary } from "#src/cli/output/replay-text.js";
import { reacherCard } from "../policy/cards.js";
import { reacherModel } from "../policy/model.js";
import { torquelens } from "./run.js";

const program = fileURLToPath(new URL("../../bin/torquelens.js", import.meta.url));

/** A policy of small random layers that fits the task `reacher`, with its card: `folder/policy.onnx`. */
export async function writePolicy(folder: string, card: object = reacherCard()): Promise<string> {
  const path = join(folder, "policy.onnx");
  await writeFile(path, reacherModel());
  await writeFile(join(folder, "policy.yaml"), stringify(card));
  return path;
}

/** `torquelens sim` in a process of its own, watched as it runs. */
export class Simulation {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Exit code and signal. */
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  stdout = "";
  stderr = "";

  constructor(...argv: string[]) {
    this.child = spawn(process.execPath, [program, "sim", ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  }

  /** Whole lines so far. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  /** Waits until standard output holds what is asked for; an end of the process before that is an error. */
  async until(enough: (simulation: this) => boolean): Promise<void> {
    const gone = this.ended.then(([code]) => {
      if (!enough(this)) throw new Error(`sim ended too early (${code}): ${this.stderr}`);
    });
    while (!enough(this)) await Promise.race([once(this.child.stdout, "data"), gone]);
  }
}

export interface Tick {
  readonly tick: number;
  readonly torque: readonly number[];
  readonly shares: Readonly<Record<string, number>>;
  readonly flags: readonly string[];
  readonly [field: string]: unknown;
}
export interface Summary {
  readonly ticks: number;
  readonly episodes: number;
  readonly success_rate: number | null;
  readonly [field: string]: unknown;
}

/** The objects of `sim --json` and `replay --json`. */
export function parsed(stdout: string): { ticks: Tick[]; summary: Summary } {
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { ticks: objects.slice(0, -1), summary: objects.at(-1).summary };
}

/** The last object of `replay --json`. */
export const summaryOf = (stdout: string): ReplaySummary => JSON.parse(stdout.trimEnd().split("\n").at(-1)!).summary;

/** A run to its end that must succeed. */
export async function simulate(...argv: string[]): Promise<{ ticks: Tick[]; summary: Summary }> {
  const { code, stdout, stderr } = await torquelens("sim", "--json", "--no-live", "--speed", "0", ...argv);
  if (code !== 0) throw new Error(`sim failed (${code}): ${stderr}`);
  return parsed(stdout);
}

/** A tick without what depends on the machine's speed. */
export const timeless = ({ latency_ms: _, flags, ...rest }: Tick) => ({
  ...rest,
  flags: flags.filter((flag) => flag !== "deadline_missed"),
});
