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
export function networkOf(
  { shape, layer }: LayerCase,
  seed: number,
  input: Input,
  before: (x: Value) => Value,
  after: (y: Value) => Value = (y) => y,
) {
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
  const graph = {
    name: "",
    inputs: new Map([["x", x]]),
    outputs: new Map([["y", after(y)]]),
    metadata: new Map(),
    opset: 18,
  };
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

/** Relevance of a layer's output for a test: a value of the graph, its numbers, and what feeds it. */
interface Amount {
  readonly amount: Value;
  readonly amounts: Float32Array;
  readonly feeds: readonly (readonly [Value, Float32Array])[];
}

function plainAmount(shape: readonly number[], seed: number, low: number): Amount {
  const amounts = randoms(sizeOf(shape), 100 + seed, low, 1);
  const amount = b.input("amount", "float32", shape);
  return { amount, amounts, feeds: [[amount, amounts]] };
}

/** As relevance behind a soft-argmax: of every row and channel a number times the channel's probabilities. */
function outerAmount([rows, batch, channels, ...spatial]: readonly number[], seed: number, low: number): Amount {
  const cells = sizeOf(spatial);
  const factors = randoms(rows! * channels!, 100 + seed, low, 1);
  const logits = randoms(channels! * cells, 200 + seed, -2, 2);
  const factor = b.input("factor", "float32", [rows!, channels!, 1]);
  const map = b.input("logits", "float32", [channels!, cells]);
  const amount = b.reshape(b.mul(factor, b.softmax(map)), [rows!, batch!, channels!, ...spatial]);
  const amounts = Float32Array.from({ length: factors.length * cells }, (_, i) => {
    const channel = Math.floor(i / cells) % channels!;
    const own = logits.subarray(channel * cells, (channel + 1) * cells);
    const whole = own.reduce((sum, l) => sum + Math.exp(l), 0);
    return (factors[Math.floor(i / cells)]! * Math.exp(own[i % cells]!)) / whole;
  });
  return {
    amount,
    amounts,
    feeds: [
      [factor, factors],
      [map, logits],
    ],
  };
}

/** A rule on a layer of every kind against the same rule on the layer's matrix, several rows of relevance at once. */
export async function compare(
  rule: LayerRule,
  layerCase: LayerCase,
  seed: number,
  setting: {
    readonly input: Input;
    readonly values: Float32Array;
    readonly before?: (x: Value) => Value;
    /** What follows the layer. */
    readonly after?: (y: Value) => Value;
    /** What the layer sees of the values, relative to its reference. */
    readonly seen?: ArrayLike<number>;
    readonly expected: (given: oracle.DenseCase) => Float64Array;
    readonly signed?: boolean;
    /** Largest error, of the largest relevance. */
    readonly tolerance?: number;
    /** True for relevance that is a number per row and channel times a map that all rows share. */
    readonly outer?: boolean;
    readonly rows?: number;
  },
): Promise<void> {
  const { x, y, layer, context } = networkOf(
    layerCase,
    seed,
    setting.input,
    setting.before ?? ((v) => v),
    setting.after,
  );
  const outputs = sizeOf(y.shape);
  const rows = setting.rows ?? ROWS;
  const low = setting.signed ? -1 : 0;
  const { amount, amounts, feeds } = setting.outer
    ? outerAmount([rows, ...y.shape], seed, low)
    : plainAmount([rows, ...y.shape], seed, low);
  const found = await evaluate(
    [x, ...feeds.map(([value]) => value)],
    { relevance: rule(layer, amount, context) },
    Object.fromEntries([
      ["x", float32(setting.values, x.shape)],
      ...feeds.map(([value, numbers]) => [value.name, float32(numbers, value.shape)]),
    ]),
  );
  const { m, b: atZero } = await matrixOf(layerCase, seed);
  const reference = setting.input.kind === "values" ? setting.input.reference : zeros(layerCase.shape);
  // What the layer adds to an input that is at its reference.
  const bias = Array.from(atZero, (constant, j) => m[j]!.reduce((sum, w, i) => sum + w * reference[i]!, constant));
  const seen = Float64Array.from(setting.seen ?? setting.values);
  const expected = Array.from({ length: rows }, (_, row) =>
    Array.from(setting.expected({ m, b: bias, x: seen, r: amounts.slice(row * outputs, (row + 1) * outputs) })),
  ).flat();
  expect(relativeError(found.relevance!, expected)).toBeLessThan(setting.tolerance ?? 2e-5);
}
