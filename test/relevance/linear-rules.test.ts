import { describe, expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { Analysis } from "#src/relevance/analysis.js";
import { Context } from "#src/relevance/context.js";
import { linearLayer } from "#src/relevance/linear-layer.js";
import { eq1, eq2, flat, type LayerRule, wSquare, zBox } from "#src/relevance/linear-rules.js";
import { Prefix } from "#src/relevance/prefix.js";
import type { Subject, SubjectModality } from "#src/relevance/subject.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../evaluate.js";
import * as oracle from "./dense-oracle.js";
import { LAYERS, type LayerCase } from "./layers.js";

const ROWS = 3;
const TOLERANCE = 2e-5;
const SEEDS = [1, 2, 3];

type Input =
  | Omit<Extract<SubjectModality, { kind: "image" }>, "name" | "input">
  | { kind: "values"; reference: ArrayLike<number> };

/** A layer alone in a network, in front of it what `before` puts between it and the input. */
function networkOf({ shape, layer }: LayerCase, seed: number, input: Input, before: (x: Value) => Value) {
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
  const analysis = new Analysis(graph);
  const context = new Context(subject, analysis, new Prefix(subject, analysis), "full");
  return { x, y, layer: linearLayer(y.node, analysis)!, context };
}

const matrices = new Map<string, Promise<Float64Array[]>>();

function matrixOf(layerCase: LayerCase, seed: number): Promise<Float64Array[]> {
  const key = `${Object.values(LAYERS).indexOf(layerCase)} ${seed}`;
  const matrix = matrices.get(key) ?? runOnBasis(layerCase, seed);
  matrices.set(key, matrix);
  return matrix;
}

/** The layer's matrix, by running it on basis vectors (and on zero, for its bias). */
async function runOnBasis({ shape, layer }: LayerCase, seed: number): Promise<Float64Array[]> {
  const size = sizeOf(shape);
  const basis = Array.from({ length: size + 1 }, (_, k) => {
    const data = new Float32Array(size);
    if (k < size) data[k] = 1;
    return layer(b.tensor("float32", shape, data), seed);
  });
  const columns = await evaluate([], Object.fromEntries(basis.map((y, k) => [`y${k}`, y])), {});
  const zero = columns[`y${size}`]!;
  return Array.from(zero, (bias, j) =>
    Float64Array.from({ length: size }, (_, i) => {
      const w = columns[`y${i}`]![j]! - bias;
      return Math.abs(w) < 1e-6 ? 0 : w; // What rounding leaves of a difference of equal biases.
    }),
  );
}

async function compare(
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
  },
) {
  const { x, y, layer, context } = networkOf(layerCase, seed, setting.input, setting.before ?? ((v) => v));
  const outputs = sizeOf(y.shape);
  const amounts = randoms(ROWS * outputs, 100 + seed, setting.signed ? -1 : 0, 1);
  const amount = b.input("amount", "float32", [ROWS, ...y.shape]);
  const found = await evaluate(
    [x, amount],
    { relevance: rule(layer, amount, context) },
    { x: float32(setting.values, x.shape), amount: float32(amounts, amount.shape) },
  );
  const m = await matrixOf(layerCase, seed);
  const seen = Float64Array.from(setting.seen ?? setting.values);
  const expected = Array.from({ length: ROWS }, (_, row) =>
    Array.from(setting.expected({ m, x: seen, r: amounts.slice(row * outputs, (row + 1) * outputs) })),
  ).flat();
  expect(relativeError(found.relevance!, expected)).toBeLessThan(TOLERANCE);
}

const anyValues = (reference: ArrayLike<number>): Input => ({ kind: "values", reference });
const zeros = (shape: readonly number[]) => new Float32Array(sizeOf(shape));

describe.each(Object.entries(LAYERS))("%s against explicit matrices", (_, layerCase) => {
  const { shape } = layerCase;
  const size = sizeOf(shape);
  const each = (run: (seed: number) => Promise<void>) => async () => {
    for (const seed of SEEDS) await run(seed);
  };

  it(
    "eq2, inputs of either sign",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(eq2, layerCase, seed, { input: anyValues(zeros(shape)), values, expected: oracle.eq2 });
    }),
  );

  it(
    "eq2 behind a ReLU, many inputs zero",
    each((seed) => {
      const values = randoms(size, 50 + seed, -2, 1);
      const seen = values.map((v) => Math.max(v, 0));
      return compare(eq2, layerCase, seed, {
        input: anyValues(zeros(shape)),
        values,
        before: b.relu,
        seen,
        expected: oracle.eq2,
      });
    }),
  );

  it(
    "eq2, all inputs silent",
    each((seed) =>
      compare(eq2, layerCase, seed, { input: anyValues(zeros(shape)), values: zeros(shape), expected: oracle.eq2 }),
    ),
  );

  it(
    "eq2 relative to a reference",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      const reference = randoms(size, 60 + seed);
      const seen = values.map((v, i) => v - reference[i]!);
      return compare(eq2, layerCase, seed, { input: anyValues(reference), values, seen, expected: oracle.eq2 });
    }),
  );

  it(
    "eq1, torques of either sign",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(eq1, layerCase, seed, {
        input: anyValues(zeros(shape)),
        values,
        signed: true,
        expected: oracle.eq1,
      });
    }),
  );

  it(
    "eq1 behind a ReLU with pools that are empty",
    each((seed) => {
      const values = zeros(shape);
      values[seed % size] = 1;
      return compare(eq1, layerCase, seed, {
        input: anyValues(zeros(shape)),
        values,
        before: b.relu,
        signed: true,
        expected: oracle.eq1,
      });
    }),
  );

  it.each([
    [0, 1],
    [-1, 1],
    [-3, -1],
    [0, 255],
    [20, 30],
  ] as const)("zBox, range [%d, %d]", async (low, high) => {
    for (const seed of SEEDS) {
      const values = randoms(size, 50 + seed, low, high);
      const bound = (value: number) => new Float64Array(size).fill(value);
      await compare(zBox, layerCase, seed, {
        input: { kind: "image", layout: "NCHW", range: [low, high] },
        values,
        expected: (given) => oracle.zBox(given, bound(low), bound(high)),
      });
    }
  });

  it(
    "wSquare",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(wSquare, layerCase, seed, { input: anyValues(zeros(shape)), values, expected: oracle.wSquare });
    }),
  );

  it(
    "flat",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(flat, layerCase, seed, { input: anyValues(zeros(shape)), values, expected: oracle.flat });
    }),
  );

  it("linear in the relevance: rows do not mix", async () => {
    const { x, y, layer, context } = networkOf(layerCase, 1, anyValues(zeros(shape)), (v) => v);
    const values = randoms(size, 51);
    const row = randoms(sizeOf(y.shape), 7, 0, 1);
    const amounts = Float32Array.from([...row, ...row.map(() => 0), ...row.map((r) => 2 * r)]);
    const amount = b.input("amount", "float32", [ROWS, ...y.shape]);
    const { out } = await evaluate(
      [x, amount],
      { out: eq2(layer, amount, context) },
      { x: float32(values, shape), amount: float32(amounts, amount.shape) },
    );
    const part = (k: number) => out!.slice(k * size, (k + 1) * size);
    expect(part(1).every((v) => v === 0)).toBe(true);
    expect(
      relativeError(
        part(2),
        part(0).map((v) => 2 * v),
      ),
    ).toBeLessThan(1e-6);
  });
});
