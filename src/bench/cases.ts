import { writeModel } from "../graph/onnx-write.js";
import { type CompileOptions, compile } from "../relevance/compile.js";
import type { Method } from "../relevance/contract/method.js";
import type { Subject } from "../relevance/contract/subject.js";
import type { Device } from "../runtime/device.js";
import { deviationOf } from "./deviation.js";
import { inChild, type Measured } from "./measuring.js";

/** What is compiled of a network in each case; undefined is the network alone. */
const casesOf = (method: Method): Readonly<Record<string, CompileOptions | undefined>> => ({
  forward: undefined,
  [method.name]: { method, depth: "heatmap" },
  [`${method.name}-fast`]: { method, depth: "heatmap", precision: "fast" },
  [`${method.name}-every-channel`]: { method, depth: "full" },
  [`${method.name}-per-torque`]: { method, depth: "per-torque" },
  [`${method.name}-per-torque-fast`]: { method, depth: "per-torque", precision: "fast" },
  shares: { method, depth: "shares" },
});

export interface BenchRow extends Measured {
  readonly network: string;
  readonly threads: number;
  readonly case: string;
  readonly ratio_to_forward: number;
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
}

/**
 * Times every case of a network. Cases take turns and each keeps its best round, so that a machine's drift touches all
 * of them alike.
 */
export async function benchNetwork(network: string, subject: Subject, options: BenchOptions): Promise<BenchRow[]> {
  const { method, threads, device, seconds, rounds, fellBack } = options;
  const cases: Case[] = [];
  for (const [name, compiled] of Object.entries(casesOf(method))) {
    const made = await caseOf(name, subject, compiled);
    if (made) cases.push(made);
  }
  const best = new Map<string, Measured>();
  for (let round = 0; round < rounds; round++)
    for (const { name, bytes } of cases) {
      const { measured, fallback } = await inChild({ model: bytes, threads, device, seconds });
      if (fallback !== undefined) fellBack(fallback);
      const before = best.get(name);
      if (!before || measured.median_ms < before.median_ms) best.set(name, measured);
    }
  const forward = best.get("forward")!.median_ms;
  return cases.map(({ name, deviation }) => {
    const measured = best.get(name)!;
    const ratio_to_forward = measured.median_ms / forward;
    return {
      network,
      threads,
      case: name,
      ...measured,
      ratio_to_forward,
      ...(deviation !== undefined && { deviation }),
    };
  });
}

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deviation?: number;
}

/** Undefined for `fast` where no convolution of the network gains from it. */
async function caseOf(name: string, subject: Subject, options: CompileOptions | undefined): Promise<Case | undefined> {
  if (!options) return { name, bytes: writeModel(subject.graph) };
  const compiled = compile(subject, options);
  if (options.precision !== "fast") return { name, bytes: compiled.bytes };
  if (compiled.precision !== "fast") return undefined;
  const deviation = await deviationOf(compiled, compile(subject, { ...options, precision: "exact" }));
  return { name, bytes: compiled.bytes, deviation };
}
