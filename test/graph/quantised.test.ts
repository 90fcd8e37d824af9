import { expect, it } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { compile } from "#src/relevance/compile.js";
import { plainSession } from "../plain-session.js";
import { modalityOf, subjectOf as subject } from "../relevance/subjects.js";
import { initializer, type ModelText, modelBytes, valueInfo } from "./onnx-model.js";

const whole = (n: number, seed: number, most: number) =>
  Array.from({ length: n }, (_, i) => Math.round(most * Math.sin(seed + 1.7 * i)));

/** Image → quantised convolution by channel with a bias → quantised product → torques: integers from end to end. */
const network: ModelText = {
  nodes: [
    { op: "QuantizeLinear", inputs: ["image", "xs", "xz"], outputs: ["q"] },
    {
      op: "QLinearConv",
      inputs: ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"],
      outputs: ["c"],
      attributes: { strides: [2, 2] },
    },
    { op: "Reshape", inputs: ["c", "flat"], outputs: ["f"] },
    { op: "QLinearMatMul", inputs: ["f", "ys", "yz", "v", "vs", "vz", "ts", "tz"], outputs: ["t"] },
    { op: "DequantizeLinear", inputs: ["t", "ts", "tz"], outputs: ["torque"] },
  ],
  inputs: [valueInfo("image", "float32", [1, 2, 5, 5])],
  outputs: [valueInfo("torque", "float32", [1, 3])],
  initializers: [
    initializer("xs", "float32", [], [1 / 255]),
    initializer("xz", "uint8", [], [0]),
    initializer("w", "int8", [2, 2, 3, 3], whole(36, 1, 100)),
    initializer("ws", "float32", [2], [0.01, 0.02]),
    initializer("wz", "int8", [2], [0, 0]),
    initializer("b", "int32", [2], [3000, -1000]),
    initializer("ys", "float32", [], [0.03]),
    initializer("yz", "uint8", [], [0]),
    initializer("flat", "int64", [2], [1, 8]),
    initializer("v", "int8", [8, 3], whole(24, 2, 120)),
    initializer("vs", "float32", [1], [0.004]),
    initializer("vz", "int8", [1], [3]),
    initializer("ts", "float32", [], [0.05]),
    initializer("tz", "uint8", [], [128]),
  ],
};

const images = [1, 2, 3].map((seed) =>
  Float32Array.from({ length: 50 }, (_, i) => Math.round(255 * Math.abs(Math.sin(seed * 3.3 + i))) / 255),
);

it("a network of quantised operators commands what onnxruntime computes of the file", async () => {
  const bytes = modelBytes(network);
  const [file, ours] = await Promise.all([bytes, writeModel(readModel(bytes, "p.onnx"))].map(plainSession));
  for (const data of images) {
    const feeds = { image: { dtype: "float32", shape: [1, 2, 5, 5], data } } as const;
    const [theirs, mine] = [await file!.run(feeds), await ours!.run(feeds)];
    expect((theirs.torque!.data as Float32Array).some((x) => x !== 0)).toBe(true);
    expect(mine.torque!.data).toEqual(theirs.torque!.data);
  }
  await Promise.all([file!.release(), ours!.release()]);
});

it.each([
  ["int8", 0],
  ["uint8", 100],
] as const)("values quantised along an axis are those of onnxruntime, %s", async (dtype, zero) => {
  const of = (name: string, axis: number, scales: readonly number[]) => ({
    nodes: [
      { op: "QuantizeLinear", inputs: ["x", `${name}s`, `${name}z`], outputs: [`${name}q`], attributes: { axis } },
      { op: "DequantizeLinear", inputs: [`${name}q`, `${name}s`, `${name}z`], outputs: [name], attributes: { axis } },
    ],
    initializers: [
      initializer(`${name}s`, "float32", [scales.length], scales),
      initializer(
        `${name}z`,
        dtype,
        [scales.length],
        scales.map(() => zero),
      ),
    ],
  });
  const parts = [of("a", 1, [0.011, 0.023, 0.031]), of("b", -1, [0.013, 0.029])];
  const bytes = modelBytes({
    nodes: parts.flatMap(({ nodes }) => nodes),
    inputs: [valueInfo("x", "float32", [1, 3, 4, 2])],
    outputs: [valueInfo("a", "float32"), valueInfo("b", "float32")],
    initializers: parts.flatMap(({ initializers }) => initializers),
  });
  const [file, ours] = await Promise.all([bytes, writeModel(readModel(bytes, "p.onnx"))].map(plainSession));
  const data = Float32Array.from({ length: 24 }, (_, i) => 3 * Math.sin(1 + 2.3 * i));
  const feeds = { x: { dtype: "float32", shape: [1, 3, 4, 2], data } } as const;
  const [theirs, mine] = [await file!.run(feeds), await ours!.run(feeds)];
  for (const name of ["a", "b"]) expect(mine[name]!.data).toEqual(theirs[name]!.data);
  await Promise.all([file!.release(), ours!.release()]);
});

it("zero points that differ along an axis are refused in one line", () => {
  const quantised = modelBytes({
    nodes: [{ op: "QuantizeLinear", name: "q", inputs: ["x", "s", "z"], outputs: ["y"] }],
    inputs: [valueInfo("x", "float32", [1, 2])],
    outputs: [valueInfo("y", "uint8", [1, 2])],
    initializers: [initializer("s", "float32", [2], [0.1, 0.2]), initializer("z", "uint8", [2], [3, 4])],
  });
  expect(() => readModel(quantised, "p.onnx")).toThrow(
    'p.onnx: node "q" (QuantizeLinear): QuantizeLinear: zero points that differ along an axis are not supported',
  );
});

it("its relevance is that of the dequantised network, and adds up", async () => {
  const graph = readModel(modelBytes(network), "p.onnx");
  const image = graph.inputs.get("image")!;
  const made = subject([image], graph.outputs.get("torque")!, [modalityOf(image)]);
  for (const method of ["dtd", "excitation-backprop"]) {
    const session = await plainSession(compile(made, { method }).bytes);
    for (const data of images) {
      const found = await session.run({
        image: { dtype: "float32", shape: [1, 2, 5, 5], data },
        "torquelens.importance": { dtype: "float32", shape: [3], data: Float32Array.of(1, 1, 1) },
      });
      expect((found["torquelens.residual"]!.data as Float32Array)[0]).toBeLessThan(1e-5);
      expect((found["torquelens.relevance.image"]!.data as Float32Array).some((r) => r > 0)).toBe(true);
    }
    await session.release();
  }
});
