import { expect, test } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { compile } from "#src/relevance/compile.js";
import { float32, Session } from "#src/runtime/session.js";
import { randoms, relativeError } from "../evaluate.js";
import { feed, initializer, modelBytes, runModel, valueInfo } from "../graph/onnx-model.js";

/** A policy of eight-bit integers as onnxruntime's static quantisation writes it: x → 5 hidden, ReLU → 2 torques. */
const SIZES = [4, 5, 2] as const;
const WEIGHTS = [0, 1].map((layer) => {
  const [n, m] = [SIZES[layer]!, SIZES[layer + 1]!];
  const whole = (values: ArrayLike<number>) => Array.from(values, (v) => Math.round(v));
  return {
    weight: whole(randoms(m * n, 3 + layer, -127, 127)),
    scale: Array.from(randoms(m, 5 + layer, 0.005, 0.01), Math.fround),
    bias: whole(randoms(m, 7 + layer, -3000, 3000)),
    biasScale: Math.fround(1e-4),
    rows: m,
    columns: n,
  };
});
/** Quantisations of the input, the hidden layer (its zero point makes it a ReLU) and the torques. */
const STEPS = [
  { scale: Math.fround(0.02), zero: 116, type: "uint8" as const, range: [0, 255] },
  { scale: Math.fround(0.01), zero: -128, type: "int8" as const, range: [-128, 127] },
  { scale: Math.fround(0.03), zero: 3, type: "int8" as const, range: [-128, 127] },
];

const model = modelBytes({
  opset: 18,
  nodes: [
    ...round("x", 0),
    ...layer("x/float", 0),
    ...round("hidden", 1),
    ...layer("hidden/float", 1),
    ...round("u", 2, "torque"),
  ],
  inputs: [valueInfo("x", "float32", [1, 4])],
  outputs: [valueInfo("torque", "float32", [1, 2])],
  initializers: [
    ...WEIGHTS.flatMap(({ weight, scale, bias, biasScale, rows, columns }, i) => [
      initializer(`w${i}`, "int8", [rows, columns], weight),
      initializer(`w${i}/scale`, "float32", [rows], scale),
      initializer(`w${i}/zero`, "int8", [rows], Array(rows).fill(0)),
      initializer(`b${i}`, "int32", [rows], bias),
      initializer(`b${i}/scale`, "float32", [], [biasScale]),
    ]),
    ...STEPS.flatMap(({ scale, zero, type }, i) => [
      initializer(`s${i}`, "float32", [], [scale]),
      initializer(`z${i}`, type, [], [zero]),
    ]),
  ],
});

function round(name: string, i: number, output = `${name}/float`) {
  return [
    { op: "QuantizeLinear", inputs: [name, `s${i}`, `z${i}`], outputs: [`${name}/bytes`] },
    { op: "DequantizeLinear", inputs: [`${name}/bytes`, `s${i}`, `z${i}`], outputs: [output] },
  ];
}

function layer(name: string, i: number) {
  const out = ["hidden", "u"][i]!;
  return [
    {
      op: "DequantizeLinear",
      inputs: [`w${i}`, `w${i}/scale`, `w${i}/zero`],
      outputs: [`w${i}/float`],
      attributes: { axis: 0 },
    },
    { op: "DequantizeLinear", inputs: [`b${i}`, `b${i}/scale`], outputs: [`b${i}/float`] },
    { op: "Gemm", inputs: [name, `w${i}/float`, `b${i}/float`], outputs: [out], attributes: { transB: 1 } },
  ];
}

/** The torques, and rows of ∂τ/∂x straight through the rounding, in plain numbers. */
function plainly(x: readonly number[]) {
  let values = [...x];
  let slopes = x.map((_, i) => x.map((_, j) => Number(i === j)));
  const quantise = (i: number) => {
    const { scale, zero, range } = STEPS[i]!;
    const inside = values.map((v) => {
      const q = Math.round(v / scale) + zero;
      return q >= range[0]! && q <= range[1]!;
    });
    values = values.map((v) => {
      const q = Math.min(Math.max(Math.round(v / scale) + zero, range[0]!), range[1]!);
      return (q - zero) * scale;
    });
    slopes = slopes.map((row, k) => row.map((s) => (inside[k] ? s : 0)));
  };
  quantise(0);
  for (const [i, { weight, scale, bias, biasScale, rows, columns }] of WEIGHTS.entries()) {
    const w = (r: number, c: number) => weight[r * columns + c]! * scale[r]!;
    const before = { values, slopes };
    const sum = (r: number, of: (c: number) => number) =>
      Array.from({ length: columns }, (_, c) => w(r, c) * of(c)).reduce((a, b) => a + b);
    values = Array.from({ length: rows }, (_, r) => sum(r, (c) => before.values[c]!) + bias[r]! * biasScale);
    slopes = values.map((_, r) => x.map((_, k) => sum(r, (c) => before.slopes[c]![k]!)));
    quantise(i + 1);
  }
  return { torque: values, slopes };
}

const graph = readModel(model, "quantised.onnx");
const reference = { kind: "zero", values: [0, 0, 0, 0] };
const subject = {
  graph,
  sha256: "",
  torque: "torque",
  featurePoints: "policy" as const,
  modalities: [{ kind: "values" as const, name: "state", input: "x", start: 0, size: 4, reference }],
};

async function explained(method: string, x: readonly number[]) {
  const { bytes } = compile(subject, { method, depth: "full" });
  const session = await Session.create(bytes, { threads: 1 });
  const outputs = await session.run({ x: float32(x, [1, 4]), "torquelens.importance": float32([1, 1], [2]) });
  await session.release();
  return (name: string) => Array.from(outputs[name]!.data as Float32Array);
}

const OBSERVATIONS = [1, 2, 3, 4].map((seed) => Array.from(randoms(4, seed, -1.5, 1.5), Math.fround));

test.each(OBSERVATIONS)("a quantised policy is explained as it computes: %#", async (...x) => {
  const plain = plainly(x);
  expect(plain.slopes.flat().filter((s) => s !== 0).length).toBeGreaterThan(2);
  const untouched = await runModel(model, { x: feed("float32", [1, 4], x) });
  const gradient = await explained("gradient", x);
  expect(gradient("torque")).toEqual(Array.from(untouched.torque!.data as Float32Array));
  expect(relativeError(gradient("torque"), plain.torque)).toBeLessThan(1e-6);
  const signed = plain.slopes.flatMap((row, j) => row.map((s) => (plain.torque[j]! < 0 ? -s : s)));
  expect(relativeError(gradient("torquelens.torque_relevance.x"), signed)).toBeLessThan(1e-5);
  const dtd = await explained("dtd", x);
  expect(dtd("torquelens.residual")[0]).toBeLessThan(1e-5);
  const rows = dtd("torquelens.torque_relevance.x");
  const sums = [rows.slice(0, 4), rows.slice(4)].map((row) => row.reduce((a, b) => a + b));
  expect(relativeError(sums, plain.torque.map(Math.abs))).toBeLessThan(1e-5);
});

test("the quantisation is named where it ends", () => {
  const { rules } = compile(subject, { method: "dtd" });
  expect(rules.filter(({ activation }) => activation === "QuantizeLinear")).toHaveLength(3);
  expect(rules.filter(({ op }) => op === "Gemm").map(({ rule }) => rule)).toEqual(["eq2", "eq1"]);
});
