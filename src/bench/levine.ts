import { apply } from "../graph/apply.js";
import {
  add,
  cast,
  concat,
  conv,
  div,
  input,
  matmul,
  relu,
  reshape,
  softmax,
  tensor,
  transpose,
} from "../graph/build.js";
import { sizeOf } from "../graph/shape.js";
import { topologicalOrder, type Value } from "../graph/value.js";
import type { Subject } from "../relevance/contract/subject.js";

const JOINTS = 7;
const CONFIGURATION = 39;

/** Seeded normal numbers (mulberry32, Box–Muller). */
function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform());
}

const heWeight = (shape: readonly number[], fan: number, normal: () => number) =>
  tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => normal() * Math.sqrt(2 / fan)),
  );

const bias = (n: number) => tensor("float32", [n], new Float32Array(n).fill(0.01));

/** Layers of 40, 40 and 7 outputs with random He weights. */
function head(joined: Value, normal: () => number): Value {
  const dense = (x: Value, n: number) => add(matmul(x, heWeight([x.shape[1]!, n], x.shape[1]!, normal)), bias(n));
  return apply("Identity", [dense(relu(dense(relu(dense(joined, 40)), 40)), JOINTS)]);
}

/** A policy with the head of a seven-jointed arm, of random weights, on the features that its own head reads. */
export function withArm(subject: Subject): Subject {
  const order = topologicalOrder(subject.graph.outputs.values());
  const joined = order.find(({ op }) => op === "Concat")!.outputs[0]!;
  const outputs = new Map([[subject.torque, head(joined, normals(2))]]);
  return { ...subject, graph: { ...subject.graph, outputs } };
}

/**
 * The network of Levine et al. 2016 with random He weights: convolutions 64@7×7/2, 32@5×5, 32@5×5, spatial softmax,
 * 39 configuration elements, 40-40-7. About 92,000 parameters; 1.09 GMAC at 240 × 240.
 */
export function levineNetwork(size: number): Subject {
  const normal = normals(1);
  const weight = (shape: number[], fan: number) => heWeight(shape, fan, normal);
  const image = input("image", "uint8", [1, size, size, 3]);
  const configuration = input("configuration", "float32", [1, CONFIGURATION]);
  let h: Value = div(transpose(cast(image, "float32"), [0, 3, 1, 2]), 255);
  h = relu(conv(h, weight([64, 3, 7, 7], 147), { strides: [2, 2] }, bias(64)));
  h = relu(conv(h, weight([32, 64, 5, 5], 1600), {}, bias(32)));
  h = relu(conv(h, weight([32, 32, 5, 5], 800), {}, bias(32)));
  const [, channels, rows, columns] = h.shape as [number, number, number, number];
  const probability = softmax(reshape(h, [channels, rows * columns]));
  const grid = Array.from({ length: rows * columns }, (_, i) => [
    (2 * (i % columns)) / (columns - 1) - 1,
    (2 * Math.floor(i / columns)) / (rows - 1) - 1,
  ]);
  const points = reshape(matmul(probability, tensor("float32", [rows * columns, 2], grid.flat())), [1, 2 * channels]);
  const torque = head(concat([points, configuration], 1), normal);
  return {
    graph: {
      name: "levine",
      inputs: new Map([
        ["image", image],
        ["configuration", configuration],
      ]),
      outputs: new Map([["torque", torque]]),
      metadata: new Map(),
      opset: 18,
    },
    sha256: "",
    torque: "torque",
    modalities: [
      { kind: "image", name: "image", input: "image", layout: "NHWC", range: [0, 255] },
      {
        kind: "values",
        name: "configuration",
        input: "configuration",
        start: 0,
        size: CONFIGURATION,
        reference: { kind: "zero", values: new Float64Array(CONFIGURATION) },
      },
    ],
    featurePoints: "policy",
  };
}
