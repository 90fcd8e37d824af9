import { describe, expect, it } from "vitest";
import { levineNetwork } from "#src/bench/levine.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { Literal } from "#src/graph/literal.js";
import { readModel } from "#src/graph/onnx-read.js";
import { topologicalOrder, type Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { integerConv } from "#src/relevance/precision/integer-convolution.js";
import { float32, Session } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError, uniform } from "../../evaluate.js";

const GEOMETRIES = [
  { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 1 },
  { strides: [1, 1], dilations: [1, 1], pads: [2, 1, 0, 3], group: 1 },
  { strides: [2, 3], dilations: [1, 1], pads: [1, 1, 1, 1], group: 1 },
  { strides: [1, 2], dilations: [2, 1], pads: [0, 2, 1, 0], group: 1 },
];
const [N, C, H, W, K] = [2, 3, 11, 12, 4];
const KERNEL = [3, 2] as const;

const toEven = (x: number) => {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
};

const { fround } = Math;
/** What is added before rounding to the nearest byte: even steps along every axis, modulo 1. */
const remainder = (c: number, i: number, j: number) => {
  const phase = fround(
    fround(fround((c * 0.8191725134) % 1) + fround((i * 0.6710436067) % 1)) + fround((j * 0.5497004779) % 1),
  );
  return fround(phase - Math.floor(phase) - 0.5);
};

/** The definition, element by element: bytes of the input and of the weight, and their exact sums. */
function slowly(
  x: Float32Array,
  w: Float32Array,
  dithered: boolean,
  { strides, dilations, pads }: (typeof GEOMETRIES)[number],
) {
  const out: number[] = [];
  const size = C * KERNEL[0] * KERNEL[1];
  const rows = Math.floor((H + pads[0]! + pads[2]! - dilations[0]! * (KERNEL[0] - 1) - 1) / strides[0]!) + 1;
  const columns = Math.floor((W + pads[1]! + pads[3]! - dilations[1]! * (KERNEL[1] - 1) - 1) / strides[1]!) + 1;
  for (let n = 0; n < N; n++) {
    const step = Math.max(...x.subarray(n * C * H * W, (n + 1) * C * H * W)) / 255;
    for (let k = 0; k < K; k++) {
      const unit = Math.max(...w.subarray(k * size, (k + 1) * size).map(Math.abs)) / 63;
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          let sum = 0;
          for (let c = 0; c < C; c++)
            for (let u = 0; u < KERNEL[0]; u++)
              for (let v = 0; v < KERNEL[1]; v++) {
                const row = i * strides[0]! + u * dilations[0]! - pads[0]!;
                const column = j * strides[1]! + v * dilations[1]! - pads[1]!;
                if (row < 0 || row >= H || column < 0 || column >= W) continue;
                const value = x[((n * C + c) * H + row) * W + column]!;
                const weight = w[((k * C + c) * KERNEL[0] + u) * KERNEL[1] + v]!;
                const steps = fround(fround(value / step) + (dithered ? remainder(c, row, column) : 0));
                sum += toEven(steps) * Math.round(weight / unit);
              }
          out.push(sum * step * unit);
        }
    }
  }
  return out;
}

const convolve = async (x: Float32Array, w: Float32Array, geometry: (typeof GEOMETRIES)[number]) => {
  const input = b.input("x", "float32", [N, C, H, W]);
  const weight = Literal.from("float32", [K, C, ...KERNEL], w);
  const y = integerConv(input, weight, geometry);
  return (await evaluate([input], { y }, { x: float32(x, [N, C, H, W]) })).y!;
};

describe("a convolution in integers", () => {
  const x = randoms(N * C * H * W, 1, 0, 3);
  const w = randoms(K * C * KERNEL[0] * KERNEL[1], 2);

  it.each(GEOMETRIES)("sums bytes exactly: %o", async (geometry) => {
    // A tie that float32 and float64 divide to different sides moves one byte.
    expect(relativeError(await convolve(x, w, geometry), slowly(x, w, true, geometry))).toBeLessThan(2e-3);
  });

  it("gives zero for zeros", async () => {
    const y = await convolve(new Float32Array(x.length), w, GEOMETRIES[1]!);
    expect(y.every((value) => value === 0)).toBe(true);
  });

  it("keeps the sum of elements too small for a byte, which rounding to the nearest loses", async () => {
    const next = uniform(5);
    const peaked = x.map(() => 0.001 * next());
    for (let n = 0; n < N; n++) peaked[n * C * H * W] = 1;
    const ones = w.map(() => 1);
    const exact = slowlyInFloat(peaked);
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, value) => a + value, 0);
    const plain = sum(slowly(peaked, ones, false, GEOMETRIES[0]!));
    const dithered = sum(await convolve(peaked, ones, GEOMETRIES[0]!));
    expect(Math.abs(dithered - exact)).toBeLessThan(0.1 * exact);
    expect(exact - plain).toBeGreaterThan(0.2 * exact);
  });
});

/** Σ of a convolution by ones with whole windows. */
function slowlyInFloat(x: Float32Array): number {
  let sum = 0;
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let i = 0; i <= H - KERNEL[0]; i++)
        for (let j = 0; j <= W - KERNEL[1]; j++)
          for (let u = 0; u < KERNEL[0]; u++)
            for (let v = 0; v < KERNEL[1]; v++) sum += K * x[((n * C + c) * H + i + u) * W + j + v]!;
  return sum;
}

const SIZE = 100;

/** The same network with a spatial softmax as much sharper. */
function sharpened(factor: number): Subject {
  const subject = levineNetwork(SIZE);
  const model = subject.graph;
  const order = topologicalOrder(model.outputs.values());
  const softmax = order.find(({ op }) => op === "Softmax")!;
  const logits = softmax.inputs[0]!;
  const points = order.find(({ inputs }) => inputs[0] === softmax.outputs[0])!;
  const sharp = apply("MatMul", [b.softmax(b.mul(logits, factor)), points.inputs[1]!]);
  const k = 64;
  const joined = b.concat([b.reshape(sharp, [1, k]), model.inputs.get("configuration")!], 1);
  const head = b.tensor("float32", [k + 39, 3], randoms((k + 39) * 3, 9));
  return { ...subject, graph: { ...model, outputs: new Map([["torque", b.matmul(joined, head)]]) } };
}

async function run(
  subject: Subject,
  picture: Uint8Array,
  precision: "exact" | "fast",
  depth: "heatmap" | "per-torque",
) {
  const compiled = compile(subject, { depth, precision });
  expect(compiled.precision).toBe(precision);
  const torques = compiled.graph.inputs.get("torquelens.importance")!.shape[0]!;
  const session = await Session.create(compiled.bytes, { threads: 1 });
  const out = await session.run({
    image: { dtype: "uint8", shape: [1, SIZE, SIZE, 3], data: picture },
    configuration: float32(randoms(39, 4), [1, 39]),
    "torquelens.importance": float32(randoms(torques, 6, 0.2, 2), [torques]),
  });
  await session.release();
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

const PICTURES = {
  noise: Uint8Array.from(randoms(SIZE * SIZE * 3, 3, 0, 256)),
  "a square on black": Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) =>
    Math.abs(Math.floor(i / 3 / SIZE) - 40) < 9 && Math.abs((Math.floor(i / 3) % SIZE) - 60) < 12 ? 230 : 0,
  ),
  black: new Uint8Array(SIZE * SIZE * 3),
};

describe("precision fast", () => {
  // A soft-argmax's probabilities are handed back in integers too where there are several rows.
  for (const [name, subject] of [
    ["diffuse", levineNetwork(SIZE)],
    ["sharp", sharpened(20)],
  ] as const)
    for (const [depth, off] of [
      ["heatmap", 0.01],
      ["per-torque", name === "sharp" ? 0.03 : 0.01],
    ] as const)
      it.each(Object.keys(PICTURES) as (keyof typeof PICTURES)[])(
        `${name} softmax, ${depth}, %s: within ${off} of the largest element`,
        async (kind) => {
          const exact = await run(subject, PICTURES[kind], "exact", depth);
          const fast = await run(subject, PICTURES[kind], "fast", depth);
          expect(fast.torque).toEqual(exact.torque);
          expect(relativeError(fast["torquelens.heatmap.image"]!, exact["torquelens.heatmap.image"]!)).toBeLessThan(
            off,
          );
          expect(fast["torquelens.residual"]![0]).toBeLessThan(0.03);
          expect(relativeError(fast["torquelens.shares"]!, exact["torquelens.shares"]!)).toBeLessThan(0.02);
          if (depth === "per-torque") {
            const maps = (out: Record<string, Float32Array>) => out["torquelens.torque_heatmap.image"]!;
            expect(relativeError(maps(fast), maps(exact))).toBeLessThan(off);
          }
        },
      );

  it("leaves a network without large convolutions exact, and signed relevance in float32", () => {
    const small = compile(levineNetwork(40), { precision: "fast" });
    expect(small.precision).toBe("exact");
    expect(small.graph.metadata.has("torquelens.precision")).toBe(false);
    expect(compile(levineNetwork(SIZE), { precision: "fast" }).graph.metadata.get("torquelens.precision")).toBe("fast");
    const signed = compile(levineNetwork(SIZE), { method: "gradient", precision: "fast" });
    expect(signed.precision).toBe("exact");
  });

  it("writes a file that reads back", () => {
    const { bytes, graph } = compile(levineNetwork(SIZE), { precision: "fast" });
    const ops = (outputs: Iterable<Value>) =>
      topologicalOrder(outputs).filter(({ op }) => op === "MatMulInteger").length;
    // Products of integers are read as products of the numbers that they stand for.
    expect([...readModel(bytes, "fast.onnx").outputs.keys()]).toEqual([...graph.outputs.keys()]);
    expect(ops(graph.outputs.values())).toBeGreaterThan(0);
  });
});
