import { expect } from "vitest";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import type { LayerRule } from "#src/relevance/contract/rules.js";
import type { Subject, SubjectModality } from "#src/relevance/contract/subject.js";
import { GraphAnalysis } from "#src/relevance/network/analysis.js";
import { NetworkContext } from "#src/relevance/network/context.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../evaluate.js";
import type * as oracle from "./dense-oracle.js";
import { LAYERS, type LayerCase } from "./layers.js";

export const ROWS = 3;
export const SEEDS = [1, 2, 3];

export type Input =
  | Omit<Extract<SubjectModality, { kind: "image" }>, "name" | "input">
  | { kind: "values"; reference: ArrayLike<number> };

/** A layer alone in a network, in front of it what `before` puts between it and the input. */
export function networkOf({ shape, layer }: LayerCase, seed: number, input: Input, before: (x: Value) => Value) {
  const x = b.input("x", "float32", shape);
  const y = layer(before(x), seed);
  const common = { name: "x", input: "x" };
  const modality: SubjectModality =
    input.kind === "image"
      ? { ...common, ...input }
      : {
          ...common,
          kind: "values",
          start: 0,
          size: sizeOf(shape),
          reference: { kind: "values", values: input.reference },
        };
  const graph = { name: "", inputs: new Map([["x", x]]), outputs: new Map([["y", y]]), metadata: new Map(), opset: 18 };
  const subject: Subject = { graph, sha256: "", torque: "y", modalities: [modality], featurePoints: "policy" };
  const analysis = new GraphAnalysis(graph);
  const context = new NetworkContext(subject, analysis, "full", b.input("importance", "float32", [1]));
  return { x, y, layer: analysis.layer(y.node)!, context };
}

type Affine = Pick<oracle.DenseCase, "m" | "b">;

const matrices = new Map<string, Promise<Affine>>();

function matrixOf(layerCase: LayerCase, seed: number): Promise<Affine> {
  const key = `${Object.values(LAYERS).indexOf(layerCase)} ${seed}`;
  const matrix = matrices.get(key) ?? runOnBasis(layerCase, seed);
  matrices.set(key, matrix);
  return matrix;
}

/** The layer's matrix and bias, by running it on basis vectors and on zero. */
async function runOnBasis({ shape, layer }: LayerCase, seed: number): Promise<Affine> {
  const size = sizeOf(shape);
  const basis = Array.from({ length: size + 1 }, (_, k) => {
    const data = new Float32Array(size);
    if (k < size) data[k] = 1;
    return layer(b.tensor("float32", shape, data), seed);
  });
  const columns = await evaluate([], Object.fromEntries(basis.map((y, k) => [`y${k}`, y])), {});
  const zero = columns[`y${size}`]!;
  const m = Array.from(zero, (bias, j) =>
    Float64Array.from({ length: size }, (_, i) => {
      const w = columns[`y${i}`]![j]! - bias;
      return Math.abs(w) < 1e-6 ? 0 : w; // What rounding leaves of a difference of equal biases.
    }),
  );
  return { m, b: zero };
}

export const anyValues = (reference: ArrayLike<number>): Input => ({ kind: "values", reference });
export const zeros = (shape: readonly number[]): Float32Array => new Float32Array(sizeOf(shape));

/** A rule on a layer of every kind against the same rule on the layer's matrix, several rows of relevance at once. */
export async function compare(
  rule: LayerRule,
  layerCase: LayerCase,
  seed: number,
  setting: {
    readonly input: Input;
    readonly values: Float32Array;
    readonly before?: (x: Value) => Value;
    /** What the layer sees of the values, relative to its reference. */
    readonly seen?: ArrayLike<number>;
    readonly expected: (given: oracle.DenseCase) => Float64Array;
    readonly signed?: boolean;
    /** Largest error, of the largest relevance. */
    readonly tolerance?: number;
  },
): Promise<void> {
  const { x, y, layer, context } = networkOf(layerCase, seed, setting.input, setting.before ?? ((v) => v));
  const outputs = sizeOf(y.shape);
  const amounts = randoms(ROWS * outputs, 100 + seed, setting.signed ? -1 : 0, 1);
  const amount = b.input("amount", "float32", [ROWS, ...y.shape]);
  const found = await evaluate(
    [x, amount],
    { relevance: rule(layer, amount, context) },
    { x: float32(setting.values, x.shape), amount: float32(amounts, amount.shape) },
  );
  const { m, b: atZero } = await matrixOf(layerCase, seed);
  const reference = setting.input.kind === "values" ? setting.input.reference : zeros(layerCase.shape);
  // What the layer adds to an input that is at its reference.
  const bias = Array.from(atZero, (constant, j) => m[j]!.reduce((sum, w, i) => sum + w * reference[i]!, constant));
  const seen = Float64Array.from(setting.seen ?? setting.values);
  const expected = Array.from({ length: ROWS }, (_, row) =>
    Array.from(setting.expected({ m, b: bias, x: seen, r: amounts.slice(row * outputs, (row + 1) * outputs) })),
  ).flat();
  expect(relativeError(found.relevance!, expected)).toBeLessThan(setting.tolerance ?? 2e-5);
}
