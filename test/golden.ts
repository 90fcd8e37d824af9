import { readFileSync } from "node:fs";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import type { Subject, SubjectModality } from "#src/relevance/contract/subject.js";

/** Nested lists of numbers as the golden file holds them. */
type Nested = number | Nested[];

const flat = (nested: Nested): number[] => (Array.isArray(nested) ? nested.flatMap(flat) : [nested]);
const shapeOf = (nested: Nested): number[] => (Array.isArray(nested) ? [nested.length, ...shapeOf(nested[0]!)] : []);

export interface Golden {
  x: Nested;
  y: Nested;
  weights: Record<string, Nested>;
  k0: Record<string, Nested>;
  k1: Record<string, Nested>;
  netB: Record<string, Nested> & { weights: Record<string, Nested> };
}

/** Values computed by Zennit and by the authors' own code, in float64 (test/data/golden_vectors.json). */
export const GOLDEN: Golden = JSON.parse(readFileSync(new URL("./data/golden_vectors.json", import.meta.url), "utf8"));

export const numbers = (nested: Nested): Float32Array => Float32Array.from(flat(nested));
const literal = (nested: Nested): Value => b.tensor("float32", shapeOf(nested), flat(nested));

const subject = (graph: Subject["graph"], modalities: SubjectModality[]): Subject => ({
  graph,
  sha256: "0".repeat(64),
  torque: "torque",
  modalities,
  featurePoints: "policy",
});
const image: SubjectModality = { kind: "image", name: "image", input: "image", layout: "NCHW", range: [0, 1] };

/** conv3×3(3→2, pad 1) ReLU conv3×3(2→3, pad 1) ReLU maxpool 2 flatten fc(12→4) ReLU fc(4→2). */
export function netA(): Subject {
  const w = Object.fromEntries(Object.entries(GOLDEN.weights).map(([name, value]) => [name, literal(value)])) as Record<
    string,
    Value
  >;
  const x = b.input("image", "float32", [1, 3, 4, 4]);
  const pads = [1, 1, 1, 1];
  let h = b.relu(b.conv(x, w["conv1.w"]!, { pads }, w["conv1.b"]));
  h = b.relu(b.conv(h, w["conv2.w"]!, { pads }, w["conv2.b"]));
  h = b.reshape(apply("MaxPool", [h], { kernel_shape: [2, 2], strides: [2, 2] }), [1, 12]);
  h = b.relu(apply("Gemm", [h, w["fc1.w"]!, w["fc1.b"]!], { transB: 1 }));
  const y = apply("Gemm", [h, w["fc2.w"]!, w["fc2.b"]!], { transB: 1 });
  const graph = {
    name: "A",
    inputs: new Map([["image", x]]),
    outputs: new Map([["torque", y]]),
    metadata: new Map(),
    opset: 18,
  };
  return subject(graph, [image]);
}

/** conv3×3(3→2, stride 2, pad 1) ReLU spatial softmax (grid −1…1, x then y a channel) concat configuration fc fc. */
export function netB(): Subject {
  const { weights } = GOLDEN.netB;
  const x = b.input("image", "float32", [1, 3, 6, 6]);
  const configuration = b.input("configuration", "float32", [1, 3]);
  const h = b.relu(b.conv(x, literal(weights["conv.w"]!), { strides: [2, 2], pads: [1, 1, 1, 1] }));
  const grid = Array.from({ length: 9 }, (_, i) => [(i % 3) - 1, Math.floor(i / 3) - 1]);
  const points = b.matmul(b.softmax(b.reshape(h, [2, 9])), b.tensor("float32", [9, 2], grid.flat()));
  const joined = b.concat([b.reshape(points, [1, 4]), configuration], 1);
  const hidden = b.relu(apply("Gemm", [joined, literal(weights["fc1.w"]!)], { transB: 1 }));
  const torque = apply("Gemm", [hidden, literal(weights["fc2.w"]!)], { transB: 1 });
  const inputs = new Map([
    ["image", x],
    ["configuration", configuration],
  ]);
  const values: SubjectModality = {
    kind: "values",
    name: "joint_position",
    input: "configuration",
    start: 0,
    size: 3,
    reference: { kind: "zero", values: [0, 0, 0] },
  };
  const graph = { name: "B", inputs, outputs: new Map([["torque", torque]]), metadata: new Map(), opset: 18 };
  return subject(graph, [image, values]);
}
