import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { Depth } from "#src/relevance/contract/depth.js";
import type { Method } from "#src/relevance/contract/method.js";
import type { Subject, SubjectModality } from "#src/relevance/contract/subject.js";
import { float32, type TensorData } from "#src/runtime/session.js";
import { randoms } from "../evaluate.js";
import { plainSession } from "../plain-session.js";

export const DEPTHS: readonly Depth[] = ["shares", "heatmap", "full", "per-torque"];

export type Feeds = Readonly<Record<string, TensorData>>;
export type Outputs = Readonly<Record<string, Float32Array>>;

/** A network to explain: the torque, what it reads, and (where not all of it) what is asked about. */
export function subjectOf(
  inputs: readonly Value[],
  torque: Value,
  modalities: readonly SubjectModality[] = inputs.map(modalityOf),
  changes: Partial<Subject> = {},
): Subject {
  const graph = {
    name: "policy",
    inputs: new Map(inputs.map((value) => [value.name!, value])),
    outputs: new Map([["torque", torque]]),
    metadata: new Map<string, string>(),
    opset: 18,
  };
  return { graph, sha256: "0".repeat(64), torque: "torque", modalities, featurePoints: "policy", ...changes };
}

/** Images are NCHW within [0, 1]; other inputs are relative to zero. */
export function modalityOf(input: Value): SubjectModality {
  const name = input.name!;
  if (input.shape.length === 4) return { kind: "image", name, input: name, layout: "NCHW", range: [0, 1] };
  const size = sizeOf(input.shape);
  return {
    kind: "values",
    name,
    input: name,
    start: 0,
    size,
    reference: { kind: "zero", values: new Float64Array(size) },
  };
}

export const image = (name = "image", shape: readonly number[] = [1, 3, 6, 6]): Value =>
  b.input(name, "float32", shape);
export const configuration = (size = 4): Value => b.input("configuration", "float32", [1, size]);

export const weights = (shape: readonly number[], seed: number, low = -1, high = 1): Value =>
  b.tensor("float32", shape, randoms(sizeOf(shape), seed, low, high));

/** A dense layer without bias, of fixed weights or random ones. */
export const dense = (x: Value, out: number, how: number | readonly number[]): Value =>
  apply("Gemm", [
    x,
    typeof how === "number" ? weights([x.shape[1]!, out], how) : b.tensor("float32", [x.shape[1]!, out], how),
  ]);

/** Random observations within the default ranges. */
export const observation = (inputs: readonly Value[], seed = 1): Feeds =>
  Object.fromEntries(
    inputs.map(({ name, shape }, i) => [
      name!,
      float32(randoms(sizeOf(shape), seed + i, shape.length === 4 ? 0 : -1, 1), shape),
    ]),
  );

const ones = ({ graph, torque }: Subject) => new Float32Array(sizeOf(graph.outputs.get(torque)!.shape)).fill(1);

/** The compiled model's outputs, for each of several importances (one of ones by default). */
export async function explain(
  subject: Subject,
  feeds: Feeds,
  {
    depth = "full",
    method,
    importances = [ones(subject)],
  }: { depth?: Depth; method?: string | Method; importances?: readonly ArrayLike<number>[] } = {},
): Promise<Outputs[]> {
  const session = await plainSession(compile(subject, { depth, method }).bytes);
  const results: Outputs[] = [];
  for (const alpha of importances) {
    const weights = { "torquelens.importance": float32(alpha, [alpha.length]) };
    const chosen = subject.distribution && { "torquelens.chosen": float32([0], []) };
    const outputs = await session.run({ ...feeds, ...weights, ...chosen });
    results.push(Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array])));
  }
  await session.release();
  return results;
}

export const total = (values: ArrayLike<number>): number => Array.from(values).reduce((a, x) => a + x, 0);
