import { describe, expect, it } from "vitest";
import { MICROSOFT_LOWERING } from "#src/graph/lowering/microsoft.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { sizeOf } from "#src/graph/shape.js";
import { topologicalOrder } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../evaluate.js";
import { plainSession } from "../plain-session.js";
import { modalityOf, subjectOf } from "../relevance/subjects.js";
import type { Operand, Shape } from "./cases/operands.js";
import { type AttributeValue, feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

/** An operand of a shape, drawn for a seed. */
type Drawn = (seed: number) => Operand;

interface Case {
  readonly inputs: readonly (Drawn | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly outputs?: readonly string[];
}

const real =
  (...shape: Shape): Drawn =>
  (seed) => ({ dtype: "float32", shape, values: Array.from(randoms(sizeOf(shape), seed, -2, 2)), constant: false });
const fixed =
  (...shape: Shape): Drawn =>
  (seed) => ({ ...real(...shape)(seed), constant: true });
const bytes =
  (dtype: "uint8" | "int8", ...shape: Shape): Drawn =>
  (seed) => ({
    dtype,
    shape,
    values: Array.from(
      randoms(sizeOf(shape), seed, dtype === "int8" ? -128 : 0, dtype === "int8" ? 127 : 255),
      Math.round,
    ),
    constant: false,
  });
const number =
  (value: number, dtype: Operand["dtype"] = "float32"): Drawn =>
  () => ({ dtype, shape: [], values: [value], constant: true });
/** A constant weight. */
const whole =
  (dtype: "uint8" | "int8", ...shape: Shape): Drawn =>
  (seed) => ({ ...bytes(dtype, ...shape)(seed), constant: true });
/** A scale for each channel. */
const scales =
  (n: number): Drawn =>
  () => ({ dtype: "float32", shape: [n], values: Array.from({ length: n }, (_, i) => 0.01 * (i + 1)), constant: true });
const float = (value: number) => ({ float: value });
const blocks = (bits: number) => ({ K: 21, N: 5, bits, block_size: 16 });
/** Rows of a table, two of them the same. */
const ids =
  (...shape: Shape): Drawn =>
  () => ({
    dtype: "int32",
    shape,
    values: Array.from({ length: sizeOf(shape) }, (_, i) => (3 * i) % 6),
    constant: false,
  });
/** Inputs of an LSTM of five steps of four numbers and three units, its weights with so many scales each. */
const lstm = (dtype: "uint8" | "int8", directions: number, each = 1): (Drawn | undefined)[] => {
  const of =
    (kind: Drawn): Drawn =>
    (seed) => {
      const { shape, ...rest } = kind(seed);
      return { ...rest, shape: each === 1 ? [directions] : [directions, shape[0]! / directions] };
    };
  const scale = of((seed) => ({
    ...scales(directions * each)(seed),
    values: Array.from(randoms(directions * each, seed, 0.004, 0.008)),
  }));
  const zero =
    dtype === "uint8" || each === 1
      ? of(whole(dtype, directions * each))
      : of((seed) => ({ ...whole(dtype, directions * each)(seed), values: Array(directions * each).fill(0) }));
  const weights = [whole(dtype, directions, 4, 12), whole(dtype, directions, 3, 12), fixed(directions, 24)];
  return [real(5, 1, 4), ...weights, undefined, undefined, undefined, undefined, scale, zero, scale, zero];
};

/** Scale and zero point. */
const steps = (scale: number, zero: number) => [number(scale), number(zero, "uint8")] as const;
const x = bytes("uint8", 1, 3, 4, 5);
const conv = {
  inputs: [real(1, 2, 5, 5), fixed(3, 2, 3, 3), fixed(3)],
  attributes: { strides: [2, 1], pads: [1, 1, 1, 1] },
};
const activated = (activation: string, numbers: readonly number[] = []) => ({
  ...conv.attributes,
  activation,
  ...(numbers.length > 0 && { activation_params: { floats: numbers, type: 6 } }),
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  Gelu: [{ inputs: [real(2, 3)] }],
  BiasGelu: [{ inputs: [real(2, 3), fixed(3)] }],
  FastGelu: [{ inputs: [real(2, 3)] }, { inputs: [real(2, 3), fixed(3)] }],
  QuickGelu: [{ inputs: [real(2, 3)] }, { inputs: [real(2, 3)], attributes: { alpha: float(1) } }],
  FusedConv: [
    { inputs: conv.inputs, attributes: activated("Relu") },
    { inputs: conv.inputs, attributes: activated("LeakyRelu", [0.3]) },
    { inputs: conv.inputs, attributes: activated("Clip", [-0.5, 1]) },
    { inputs: conv.inputs, attributes: activated("HardSigmoid", [0.3, 0.4]) },
    { inputs: conv.inputs, attributes: activated("Tanh") },
    { inputs: conv.inputs.slice(0, 2), attributes: activated("Sigmoid") },
    { inputs: [...conv.inputs, real(1, 3, 3, 5)], attributes: activated("Relu") },
  ],
  FusedGemm: [
    { inputs: [real(2, 3), fixed(4, 3), fixed(4)], attributes: { transB: 1, activation: "Relu" } },
    {
      inputs: [real(2, 3), fixed(3, 4), fixed(4)],
      attributes: { alpha: float(0.5), beta: float(2), activation: "LeakyRelu", activation_alpha: float(0.2) },
    },
  ],
  FusedMatMul: [
    { inputs: [real(2, 3, 4), fixed(2, 5, 4)], attributes: { transB: 1, alpha: float(0.3) } },
    { inputs: [real(2, 4, 3), real(2, 4, 5)], attributes: { transA: 1 } },
  ],
  TransposeMatMul: [{ inputs: [real(3, 4), fixed(5, 4)], attributes: { transB: 1 } }],
  SkipLayerNormalization: [
    { inputs: [real(1, 3, 4), real(1, 3, 4), fixed(4), fixed(4)] },
    {
      inputs: [real(1, 3, 4), real(1, 3, 4), fixed(4), undefined, fixed(4)],
      attributes: { epsilon: float(0.01) },
      outputs: ["y", "", "", "sum"],
    },
  ],
  SkipSimplifiedLayerNormalization: [
    { inputs: [real(1, 3, 4), real(1, 3, 4), fixed(4)] },
    { inputs: [real(1, 3, 4), real(1, 3, 4), fixed(4), fixed(4)], attributes: { epsilon: float(0.01) } },
  ],
  MultiHeadAttention: [
    { inputs: [real(1, 3, 8), real(1, 5, 8), real(1, 5, 8)], attributes: { num_heads: 2 } },
    {
      inputs: [real(1, 3, 8), real(1, 5, 8), real(1, 5, 8), fixed(24), undefined, real(1, 2, 3, 5)],
      attributes: { num_heads: 2, scale: float(0.7) },
    },
  ],
  Attention: [
    { inputs: [real(1, 4, 6), fixed(6, 24), fixed(24)], attributes: { num_heads: 2 } },
    {
      inputs: [real(1, 4, 6), fixed(6, 24), fixed(24)],
      attributes: { num_heads: 2, unidirectional: 1, scale: float(0.2) },
    },
  ],
  QuantizeLinear: [{ inputs: [real(2, 3), ...steps(0.03, 120)] }],
  DequantizeLinear: [{ inputs: [x, ...steps(0.03, 120)] }],
  QLinearAdd: [
    { inputs: [x, ...steps(0.0217, 100), bytes("uint8", 1, 3, 1, 1), ...steps(0.0531, 7), ...steps(0.0613, 90)] },
  ],
  QLinearMul: [{ inputs: [x, ...steps(0.02, 100), x, ...steps(0.05, 7), ...steps(0.06, 90)] }],
  QLinearSigmoid: [{ inputs: [x, ...steps(0.05, 128), ...steps(1 / 256, 0)] }],
  QLinearSoftmax: [
    { inputs: [x, ...steps(0.02, 128), ...steps(1 / 256, 0)], attributes: { opset: 13, axis: -2 } },
    { inputs: [bytes("uint8", 2, 7), ...steps(0.03, 100), ...steps(1 / 256, 0)], attributes: { opset: 12, axis: 1 } },
  ],
  QLinearWhere: [
    {
      inputs: [
        (seed) => ({
          dtype: "bool",
          shape: [4, 5],
          values: Array.from(randoms(20, seed), (v) => Number(v > 0)),
          constant: true,
        }),
        x,
        ...steps(0.05, 128),
        bytes("uint8", 3, 1, 1),
        ...steps(0.02, 7),
        ...steps(0.06, 90),
      ],
    },
  ],
  DynamicQuantizeMatMul: [
    { inputs: [real(2, 3), whole("int8", 3, 4), number(0.02), number(3, "int8"), fixed(4)] },
    { inputs: [real(1, 5, 3), whole("uint8", 3, 4), scales(4), undefined] },
  ],
  MatMulIntegerToFloat: [
    {
      inputs: [
        bytes("uint8", 2, 3),
        whole("int8", 3, 4),
        number(0.02),
        scales(4),
        number(100, "uint8"),
        number(2, "int8"),
        fixed(4),
      ],
    },
    { inputs: [bytes("uint8", 2, 3), whole("uint8", 3, 4), number(0.02), number(0.03), number(90, "uint8")] },
  ],
  QAttention: [
    {
      inputs: [
        bytes("uint8", 1, 4, 6),
        whole("int8", 6, 24),
        fixed(24),
        number(0.01),
        number(0.02),
        undefined,
        number(128, "uint8"),
        number(0, "int8"),
      ],
      attributes: { num_heads: 2 },
    },
  ],
  // 21 inputs in two blocks of 16, the last one not full.
  MatMulNBits: [
    { inputs: [real(1, 21), whole("uint8", 5, 2, 8), scales(10)], attributes: { ...blocks(4), bits: 4 } },
    {
      inputs: [real(2, 3, 21), whole("uint8", 5, 2, 8), scales(10), whole("uint8", 5), undefined, fixed(5)],
      attributes: { ...blocks(4), accuracy_level: 1 },
    },
    { inputs: [real(1, 21), whole("uint8", 5, 2, 8), scales(10), fixed(5, 2)], attributes: blocks(4) },
    { inputs: [real(2, 21), whole("uint8", 5, 2, 16), scales(10), whole("uint8", 10)], attributes: blocks(8) },
    { inputs: [real(1, 21), whole("uint8", 5, 2, 16), scales(10)], attributes: blocks(8) },
  ],
  DynamicQuantizeLSTM: [
    { inputs: lstm("int8", 1), attributes: { hidden_size: 3 }, outputs: ["y", "h", "c"] },
    {
      inputs: [...lstm("uint8", 1).slice(0, 5), fixed(1, 1, 3), fixed(1, 1, 3), ...lstm("uint8", 1).slice(7)],
      attributes: { hidden_size: 3, direction: "reverse" },
      outputs: ["y", "h", "c"],
    },
    {
      inputs: lstm("int8", 2, 12),
      attributes: { hidden_size: 3, direction: "bidirectional" },
      outputs: ["y", "h", "c"],
    },
  ],
  EmbedLayerNormalization: [
    {
      inputs: [ids(1, 4), ids(1, 4), fixed(7, 8), fixed(6, 8), fixed(7, 8), fixed(8), fixed(8)],
      attributes: { epsilon: float(1e-5) },
      outputs: ["y", "", "sum"],
    },
    { inputs: [ids(2, 3), undefined, fixed(7, 8), fixed(6, 8), undefined, fixed(8), fixed(8)], outputs: ["y", "ends"] },
  ],
  QEmbedLayerNormalization: [
    {
      inputs: [
        ...[ids(1, 4), ids(1, 4)],
        ...[whole("uint8", 7, 8), whole("uint8", 6, 8), whole("uint8", 7, 8), whole("uint8", 8), whole("uint8", 8)],
        undefined,
        ...[number(0.02), number(0.03), number(0.01), number(0.015), number(0.02)],
        ...[number(100, "uint8"), number(128, "uint8"), number(90, "uint8"), number(3, "uint8"), number(128, "uint8")],
      ],
      attributes: { epsilon: float(1e-5) },
      outputs: ["y", "ends"],
    },
  ],
  QLinearLeakyRelu: [{ inputs: [x, ...steps(0.05, 128), ...steps(0.04, 30)], attributes: { alpha: float(0.1) } }],
  QLinearAveragePool: [
    { inputs: [x, ...steps(0.05, 128), ...steps(0.04, 120)], attributes: { kernel_shape: [2, 3], strides: [1, 2] } },
  ],
  QLinearGlobalAveragePool: [{ inputs: [x, ...steps(0.05, 128), ...steps(0.02, 120)] }],
  QLinearConcat: [
    {
      inputs: [...steps(0.05, 128), x, ...steps(0.02, 100), bytes("uint8", 1, 2, 4, 5), ...steps(0.05, 7)],
      attributes: { axis: 1 },
    },
  ],
  QGemm: [
    {
      inputs: [
        bytes("uint8", 2, 3),
        ...steps(0.02, 100),
        (seed) => ({ ...bytes("int8", 4, 3)(seed), constant: true }),
        number(0.01),
        number(0, "int8"),
        () => ({ dtype: "int32", shape: [4], values: [300, -200, 100, 0], constant: true }),
        ...steps(0.1, 128),
      ],
      attributes: { transB: 1 },
    },
    {
      inputs: [
        bytes("uint8", 2, 3),
        ...steps(0.02, 100),
        (seed) => ({ ...bytes("int8", 3, 4)(seed), constant: true }),
        () => ({ dtype: "float32", shape: [4], values: [0.01, 0.02, 0.03, 0.04], constant: true }),
        () => ({ dtype: "int8", shape: [4], values: [0, 1, 2, 3], constant: true }),
      ],
    },
  ],
};

const domains = {
  opsetImport: [
    { domain: "", version: 17 },
    { domain: "com.microsoft", version: 1 },
  ],
};

/** One node as a model, with what it is fed. */
function modelOf(op: string, { inputs, attributes = {}, outputs = ["y"] }: Case, seed: number) {
  const given = inputs.flatMap((drawn, i) => (drawn ? [{ ...drawn(seed + i), name: `x${i}` }] : []));
  const fed = given.filter(({ constant }) => !constant);
  const file = modelBytes({
    ir: 8,
    nodes: [
      {
        op,
        domain: "com.microsoft",
        name: "fused",
        inputs: inputs.map((one, i) => (one ? `x${i}` : "")),
        outputs,
        attributes,
      },
    ],
    inputs: fed.map(({ name, dtype, shape }) => valueInfo(name, dtype, shape)),
    outputs: outputs.filter(Boolean).map((name) => valueInfo(name)),
    initializers: given
      .filter((one) => one.constant)
      .map((one) => initializer(one.name, one.dtype, one.shape, one.values)),
    model: domains,
  });
  const feeds = Object.fromEntries(fed.map(({ name, dtype, shape, values }) => [name, feed(dtype, shape, values)]));
  return { file, feeds };
}

describe("onnxruntime's own operators compute what it computes", () => {
  it("has a case for each", () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(MICROSOFT_LOWERING).sort());
  });

  it.each(Object.entries(CASES).flatMap(([op, cases]) => cases.map((one, i) => [op, i, one] as const)))(
    "%s, %i",
    async (op, _, one) => {
      for (const seed of [1, 20, 300]) {
        const { file, feeds } = modelOf(op, one, seed);
        const graph = readModel(file, "p.onnx");
        const [before, after] = [await runModel(file, feeds), await runModel(writeModel(graph), feeds)];
        for (const name of (one.outputs ?? ["y"]).filter(Boolean)) {
          const [mine, theirs] = [after, before].map((out) =>
            Float64Array.from(out[name]!.data as Float32Array, Number),
          );
          expect(after[name]!.dims).toEqual(before[name]!.dims);
          if (name === "ends") {
            expect(mine).toEqual(theirs);
            continue;
          }
          expect(new Set(theirs!).size).toBeGreaterThan(1);
          if (before[name]!.type === "float32") expect(relativeError(mine!, theirs!)).toBeLessThan(3e-6);
          else {
            // A tie may be rounded to either side.
            const apart = mine!.map((y, i) => Math.abs(y - theirs![i]!));
            expect(Math.max(...apart)).toBeLessThanOrEqual(1);
            expect(apart.filter((d) => d > 0).length).toBeLessThanOrEqual(0.05 * apart.length);
          }
        }
      }
    },
  );
});

it.each<[string, string, Case, string]>([
  [
    "rounding both operands",
    "MatMulNBits",
    { inputs: [real(1, 21), whole("uint8", 5, 2, 8), scales(10)], attributes: { ...blocks(4), accuracy_level: 4 } },
    "accuracy_level 4, which rounds the other operand, is not supported, expected 0 to 3",
  ],
  [
    "a weight cut short",
    "MatMulNBits",
    { inputs: [real(1, 21), whole("uint8", 5, 1, 8), scales(10)], attributes: blocks(4) },
    "weights [5,1,8] and scales [10] do not fit 5 × 21 of 4 bits in blocks of 16",
  ],
  [
    "no scale for each block",
    "MatMulNBits",
    { inputs: [real(1, 21), whole("uint8", 5, 2, 8), scales(5)], attributes: blocks(4) },
    "weights [5,2,8] and scales [5] do not fit 5 × 21 of 4 bits in blocks of 16",
  ],
  [
    "several sequences at once",
    "DynamicQuantizeLSTM",
    { inputs: [real(5, 2, 4), ...lstm("int8", 1).slice(1)], attributes: { hidden_size: 3 } },
    "a batch of 2 sequences is not supported, expected 1",
  ],
  [
    "other scales",
    "DynamicQuantizeLSTM",
    { inputs: [...lstm("int8", 1).slice(0, 8), ...lstm("int8", 1, 5).slice(8)], attributes: { hidden_size: 3 } },
    "scales [1,5] do not fit weights [1,4,12]",
  ],
])("refused in one line: %s", (_, op, one, message) => {
  const { file } = modelOf(op, one, 1);
  expect(() => readModel(file, "p.onnx")).toThrow(`node "fused" (${op}): ${op}: ${message}`);
});

it("a network of fused operators is explained as its written-out one", async () => {
  const weight = (name: string, ...shape: Shape) =>
    initializer(name, "float32", shape, randoms(sizeOf(shape), name.length, -1, 1));
  const fused = (op: string, inputs: readonly string[], output: string, attributes = {}) => ({
    op,
    domain: "com.microsoft",
    inputs,
    outputs: [output],
    attributes,
  });
  const graph = readModel(
    modelBytes({
      nodes: [
        fused("FusedGemm", ["state", "w"], "h", { activation: "Relu" }),
        { op: "Reshape", inputs: ["h", "tokens"], outputs: ["t"] },
        fused("Attention", ["t", "packed", "biases"], "a", { num_heads: 2 }),
        fused("SkipLayerNormalization", ["a", "t", "gain", "shift"], "n"),
        fused("BiasGelu", ["n", "biasOf"], "g"),
        { op: "Reshape", inputs: ["g", "flat"], outputs: ["f"] },
        fused("FusedMatMul", ["f", "heads"], "torque", { transB: 1, alpha: { float: 0.5 } }),
      ],
      inputs: [valueInfo("state", "float32", [1, 5])],
      outputs: [valueInfo("torque", "float32", [1, 2])],
      initializers: [
        weight("w", 5, 12),
        initializer("tokens", "int64", [3], [1, 3, 4]),
        weight("packed", 4, 12),
        weight("biases", 12),
        weight("gain", 4),
        weight("shift", 4),
        weight("biasOf", 4),
        initializer("flat", "int64", [2], [1, 12]),
        weight("heads", 2, 12),
      ],
      model: domains,
    }),
    "p.onnx",
  );
  expect(topologicalOrder(graph.outputs.values()).every(({ op }) => !op.includes("."))).toBe(true);
  const state = graph.inputs.get("state")!;
  const subject = subjectOf([state], graph.outputs.get("torque")!, [modalityOf(state)]);
  const session = await plainSession(compile(subject, { method: "dtd" }).bytes);
  const found = await session.run({
    state: float32(randoms(5, 3), [1, 5]),
    "torquelens.importance": float32([1, 1], [2]),
  });
  expect((found["torquelens.residual"]!.data as Float32Array)[0]).toBeLessThan(1e-5);
  expect((found["torquelens.relevance.state"]!.data as Float32Array).filter((r) => r > 0).length).toBeGreaterThan(0);
  await session.release();
});
