import { writeModel } from "../graph/onnx-write.js";
import { type CompileOptions, compile } from "../relevance/compile.js";
import type { Method } from "../relevance/contract/method.js";
import type { Subject } from "../relevance/contract/subject.js";
import type { Device } from "../runtime/device.js";
import { deviationOf } from "./deviation.js";
import { inChild, type Measured } from "./measuring.js";
import type { BenchNetwork } from "./networks.js";
import { busyWarning, type Comparison, ratiosOf, type Times } from "./ratios.js";

/** What is compiled of a network in each case; undefined is the network alone. */
const casesOf = (method: Method): Readonly<Record<string, CompileOptions | undefined>> => ({
  forward: undefined,
  [method.name]: { method, depth: "heatmap" },
  [`${method.name}-dense`]: { method, depth: "heatmap", omit: 0 },
  [`${method.name}-fast`]: { method, depth: "heatmap", precision: "fast" },
  [`${method.name}-every-channel`]: { method, depth: "full" },
  [`${method.name}-per-torque`]: { method, depth: "per-torque" },
  [`${method.name}-per-torque-dense`]: { method, depth: "per-torque", omit: 0 },
  [`${method.name}-per-torque-fast`]: { method, depth: "per-torque", precision: "fast" },
  shares: { method, depth: "shares" },
});

export interface BenchRow extends Measured {
  readonly network: string;
  readonly threads: number;
  readonly case: string;
  /** By medians of wall time. */
  readonly ratio_to_forward: number;
  /** By medians of processor time, which other processes hardly change. */
  readonly cpu_ratio_to_forward: number;
  /** How far heatmaps in integers are from exact ones, as a part of their largest element. */
  readonly deviation?: number;
}

export interface BenchOptions {
  readonly method: Method;
  readonly threads: number;
  readonly device: Device;
  /** Seconds per case and round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Called with the reason where the requested device is not in use. */
  readonly fellBack: (why: string) => void;
  /** Called with one line where other processes have made ratios of wall time wrong. */
  readonly busy: (line: string) => void;
}

/**
 * Times every case of a network. Cases take turns and each keeps its best round of either time, so that a machine's
 * drift touches all of them alike.
 */
export async function benchNetwork(
  network: string,
  { subject, observation }: BenchNetwork,
  options: BenchOptions,
): Promise<BenchRow[]> {
  const { method, threads, device, seconds, rounds, fellBack, busy } = options;
  const cases: Case[] = [];
  for (const [name, compiled] of Object.entries(casesOf(method))) {
    const made = await caseOf(name, subject, compiled);
    if (made) cases.push(made);
  }
  const best = new Map<string, Measured>();
  let isOnCpu = true;
  for (let round = 0; round < rounds; round++)
    for (const { name, bytes } of cases) {
      const { measured, fallback, ...reply } = await inChild({ model: bytes, threads, device, seconds, observation });
      if (fallback !== undefined) fellBack(fallback);
      isOnCpu &&= reply.device === "cpu";
      best.set(name, better(best.get(name), measured));
    }
  const forward = best.get("forward")!;
  const rows = cases.map(({ name, deviation }) => {
    const measured = best.get(name)!;
    const { wall, cpu } = ratiosOf(timesOf(measured), timesOf(forward));
    const ratios = { ratio_to_forward: wall, cpu_ratio_to_forward: cpu };
    return { network, threads, case: name, ...measured, ...ratios, ...(deviation !== undefined && { deviation }) };
  });
  // The processor's time says nothing of work that a GPU does.
  const line = isOnCpu ? busyWarning(rows.map((row) => comparison(row, forward))) : undefined;
  if (line !== undefined) busy(line);
  return rows;
}

const timesOf = ({ median_ms, cpu_ms }: Measured): Times => ({ wallMs: median_ms, cpuMs: cpu_ms });

/** The better round, with the better processor time of both. */
export function better(one: Measured | undefined, other: Measured): Measured {
  if (!one) return other;
  const cpu_ms = Math.min(one.cpu_ms, other.cpu_ms);
  return { ...(other.median_ms < one.median_ms ? other : one), cpu_ms };
}

function comparison(row: BenchRow, forward: Measured): Comparison {
  const parts = [row, forward].map(({ others }) => others);
  const others = parts.includes(undefined) ? undefined : Math.max(...(parts as number[]));
  const ratios = { wall: row.ratio_to_forward, cpu: row.cpu_ratio_to_forward };
  return { name: `${row.network}, ${row.case}`, ratios, others };
}

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deviation?: number;
}

/** Undefined for `fast` where no convolution of the network gains from it, and where nothing is left out anyway. */
async function caseOf(name: string, subject: Subject, options: CompileOptions | undefined): Promise<Case | undefined> {
  if (!options) return { name, bytes: writeModel(subject.graph) };
  const compiled = compile(subject, options);
  if (options.omit === 0 && !compile(subject, { ...options, omit: undefined }).graph.outputs.has("torquelens.omitted"))
    return undefined;
  if (options.precision !== "fast") return { name, bytes: compiled.bytes };
  if (compiled.precision !== "fast") return undefined;
  const deviation = await deviationOf(compiled, compile(subject, { ...options, precision: "exact" }));
  return { name, bytes: compiled.bytes, deviation };
}
