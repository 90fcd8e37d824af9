import type { Command } from "commander";
import { deviationOf } from "../../bench/deviation.js";
import { levineNetwork } from "../../bench/levine.js";
import { inChild, type Measured } from "../../bench/measuring.js";
import { InputError } from "../../errors.js";
import { subjectOf } from "../../explain/subject.js";
import { writeModel } from "../../graph/onnx-write.js";
import { shippedPolicy } from "../../package-files.js";
import { loadPolicy } from "../../policy/policy.js";
import { type CompileOptions, compile } from "../../relevance/compile.js";
import type { Method } from "../../relevance/contract/method.js";
import type { Subject } from "../../relevance/contract/subject.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { Device } from "../../runtime/device.js";
import { deviceOption } from "../options/device.js";
import { methodOf, methodOption } from "../options/method.js";
import { atLeast, wholeNumber } from "../options/numbers.js";
import { precisionOption } from "../options/precision.js";

interface BenchRow extends Measured {
  readonly network: string;
  readonly threads: number;
  readonly case: string;
  readonly ratio_to_forward: number;
  readonly deviation?: number;
}

/** A policy that this package has with it. */
const shipped = (name: string) => async () => subjectOf(await loadPolicy(shippedPolicy(name)));

const NETWORKS: Readonly<Record<string, () => Promise<Subject>>> = {
  "levine-240": async () => levineNetwork(240),
  "shipped-reacher": shipped("reacher"),
  "shipped-peg": shipped("peg"),
};

/** @throws InputError for a network that there is not */
function networkNamed(name: string): () => Promise<Subject> {
  if (!Object.hasOwn(NETWORKS, name))
    throw new InputError(`network ${name}: expected one of ${Object.keys(NETWORKS).join(", ")}`);
  return NETWORKS[name]!;
}

/** What is compiled of a network; undefined is the network alone. */
const casesOf = (method: Method): Readonly<Record<string, CompileOptions | undefined>> => ({
  forward: undefined,
  [method.name]: { method, depth: "heatmap" },
  [`${method.name}-fast`]: { method, depth: "heatmap", precision: "fast" },
  [`${method.name}-every-channel`]: { method, depth: "full" },
  [`${method.name}-per-torque`]: { method, depth: "per-torque" },
  [`${method.name}-per-torque-fast`]: { method, depth: "per-torque", precision: "fast" },
  shares: { method, depth: "shares" },
});

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** How far heatmaps of integers are from exact ones, as a part of their largest element. */
  readonly deviation?: number;
}

async function caseOf(name: string, subject: Subject, options: CompileOptions | undefined): Promise<Case | undefined> {
  if (!options) return { name, bytes: writeModel(subject.graph) };
  const compiled = compile(subject, options);
  if (options.precision !== "fast") return { name, bytes: compiled.bytes };
  // A network without a convolution that gains has no such case.
  if (compiled.precision !== "fast") return undefined;
  const deviation = await deviationOf(compiled, compile(subject, { ...options, precision: "exact" }));
  return { name, bytes: compiled.bytes, deviation };
}

export function addBench(program: Command): void {
  program
    .command("bench")
    .description("latency of forward, relevance and shares, as ratios to forward in one run")
    .option("--threads <n>", "threads of inference", wholeNumber(1), 2)
    .addOption(deviceOption())
    .addOption(methodOption("what to time"))
    .option("--seconds <s>", "seconds a case and round", atLeast(0.1), 2)
    .option("--rounds <n>", "times that every case is measured, in turn", wholeNumber(1), 3)
    .option("--ros", "time the node's pipeline instead: image stamp to published explanation at 20 Hz")
    .option("--ticks <n>", "with --ros: images a case", wholeNumber(1), 2000)
    .option("--joint-rate <hz>", "with --ros: joint states a second", atLeast(1), 500)
    .addOption(precisionOption("with --ros: "))
    .option("--network <name...>", `only these of ${Object.keys(NETWORKS).join(", ")}; the last not with --ros`)
    .option("--json", "print one JSON line at the end")
    .action(bench);
}

interface BenchOptions {
  readonly threads: number;
  readonly device: Device;
  readonly method: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly ros?: boolean;
  readonly ticks: number;
  readonly jointRate: number;
  readonly precision: Precision;
  readonly network?: readonly string[];
  readonly json?: boolean;
}

async function bench({ threads, device, seconds, rounds, json, ...options }: BenchOptions): Promise<void> {
  if (options.ros) {
    const { benchLive } = await import("../../bench/live/bench-live.js");
    const { precision, ticks, jointRate, network } = options;
    const method = await methodOf(options.method);
    return benchLive({ threads, method, precision, ticks, jointRate, ...(network && { networks: network }), json });
  }
  const compiled = casesOf(await methodOf(options.method));
  const width = Math.max(...Object.keys(compiled).map((name) => name.length));
  const networks = (options.network ?? Object.keys(NETWORKS)).map((name) => [name, networkNamed(name)] as const);
  const rows: BenchRow[] = [];
  if (!json) process.stdout.write(`${header(width)}\n`);
  for (const [network, read] of networks) {
    const subject = await read();
    const cases: Case[] = [];
    for (const [name, options] of Object.entries(compiled)) {
      const made = await caseOf(name, subject, options);
      if (made) cases.push(made);
    }
    // Cases take turns, and each keeps its best round: a machine's drift then touches all of them alike.
    const best = new Map<string, Measured>();
    for (let round = 0; round < rounds; round++)
      for (const { name, bytes } of cases) {
        const measured = await inChild({ model: bytes, threads, device, seconds });
        const before = best.get(name);
        if (!before || measured.median_ms < before.median_ms) best.set(name, measured);
      }
    const forward = best.get("forward")!.median_ms;
    for (const { name, deviation } of cases) {
      const measured = best.get(name)!;
      const ratio_to_forward = measured.median_ms / forward;
      const row = {
        network,
        threads,
        case: name,
        ...measured,
        ratio_to_forward,
        ...(deviation !== undefined && { deviation }),
      };
      rows.push(row);
      if (!json) process.stdout.write(`${line(row, width)}\n`);
    }
  }
  if (json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
}

const header = (width: number) =>
  `network          threads  ${"case".padEnd(width)}  median ms    p99 ms    cpu ms  × forward  off by`;
const line = (
  { network, threads, case: name, median_ms, p99_ms, cpu_ms, ratio_to_forward, deviation }: BenchRow,
  width: number,
) =>
  `${network.padEnd(16)} ${String(threads).padStart(7)}  ${name.padEnd(width)} ${median_ms.toFixed(2).padStart(10)} ${p99_ms.toFixed(2).padStart(9)} ${cpu_ms.toFixed(2).padStart(9)} ${ratio_to_forward.toFixed(2).padStart(10)}${deviation === undefined ? "" : `  ${(100 * deviation).toFixed(2)} %`}`;
