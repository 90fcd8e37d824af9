import { writeModel } from "../graph/onnx-write.js";
import type { Graph } from "../graph/value.js";
import type { Policy } from "../policy/policy.js";
import { type CompiledModel, type CompileOptions, compile } from "../relevance/compile.js";
import type { Method } from "../relevance/contract/method.js";
import type { Precision } from "../relevance/precision/precision.js";
import { LEVELS, type Level } from "./explanation.js";
import { subjectOf } from "./subject.js";

/** A policy compiled for one method, one model a level. */
export interface CompiledLevels {
  /** ONNX files by level; at `skip` the policy alone. */
  readonly models: Readonly<Partial<Record<Level, Uint8Array>>>;
  /** Outputs of level `full` that hold heatmaps, their residual, and feature points where the policy has any. */
  readonly heatmapOutputs: readonly string[];
  /** What the shares are of, in their order. */
  readonly sharers: readonly string[];
  /** The precision in use, `exact` where `fast` is not possible. */
  readonly precision: Precision;
  /** Warnings about the method on this policy, one line each. */
  readonly warnings: readonly string[];
}

/** How exact relevance is computed. */
export type Exactness = Pick<CompileOptions, "precision" | "omit">;

const compiledFor = (policy: Policy, method: Method, level: "full" | "shares", exactness: Exactness): CompiledModel =>
  compile(subjectOf(policy), { ...exactness, method, depth: level === "full" ? "heatmap" : level });

/** The graph of the model of a level. */
export const graphOf = (policy: Policy, method: Method, level: Level, exactness: Exactness): Graph =>
  level === "skip" ? policy.graph : compiledFor(policy, method, level, exactness).graph;

const belongsToHeatmaps = (name: string) => /^torquelens\.(residual$|omitted$|heatmap\.|feature_points\.)/.test(name);

/** @throws InputError for a method that cannot explain this policy */
export function compileLevels(
  policy: Policy,
  method: Method,
  levels: readonly Level[],
  asked: Exactness = {},
): CompiledLevels {
  const models: Partial<Record<Level, Uint8Array>> = {};
  const warnings = new Set<string>();
  let precision: Precision = "exact";
  let heatmapOutputs: readonly string[] = [];
  let sharers = policy.modalities.map(({ name }) => name) as readonly string[];
  for (const level of LEVELS.filter((one) => levels.includes(one))) {
    if (level === "skip") {
      models.skip = writeModel(policy.graph);
      continue;
    }
    const compiled = compiledFor(policy, method, level, asked);
    models[level] = compiled.bytes;
    sharers = compiled.sharers;
    if (level === "full") heatmapOutputs = [...compiled.graph.outputs.keys()].filter(belongsToHeatmaps);
    if (compiled.precision === "fast") precision = "fast";
    for (const warning of compiled.warnings) warnings.add(warning);
  }
  return { models, heatmapOutputs, sharers, precision, warnings: [...warnings] };
}
