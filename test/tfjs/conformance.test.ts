import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { constant } from "#src/graph/build.js";
import { Literal } from "#src/graph/literal.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { convertTfjs } from "#src/tfjs/convert.js";
import { plainSession } from "../plain-session.js";
import { GRAPH_NETWORKS } from "./graph-networks.js";
import { LAYERS_NETWORKS } from "./layers-networks.js";
import { type SavedWeight, type Storage, save } from "./saved.js";

let folder: string;
beforeAll(async () => {
  await tf.setBackend("cpu");
  folder = await mkdtemp(join(tmpdir(), "torquelens-tfjs-"));
});
afterAll(() => rm(folder, { recursive: true }));

let state = 5;
const random = () => {
  state = (state * 16807) % 2147483647;
  return (2 * state) / 2147483647 - 1;
};

/** What TensorFlow.js itself has of a `model.json`: outputs, and gradients of a weighted sum of the first one. */
interface Reference {
  readonly run: (feeds: readonly tf.Tensor[]) => readonly tf.Tensor[];
}

const handler = (path: string): tf.io.IOHandler => ({
  load: async () => {
    const file = JSON.parse(await readFile(path, "utf8"));
    const { paths, weights } = file.weightsManifest[0];
    const parts = await Promise.all(paths.map((name: string) => readFile(join(path, "..", name))));
    const data = Buffer.concat(parts);
    return {
      modelTopology: file.modelTopology,
      weightSpecs: weights,
      weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer,
      signature: file.signature,
      format: file.format,
    };
  },
});

async function compare(
  path: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  { run }: Reference,
  byDifferences = false,
) {
  const { bytes } = await convertTfjs(await readFile(path), path);
  const graph = readModel(bytes, path);
  // TensorFlow.js counts names on within a process: in one alone they are as in the file.
  const names = Object.keys(inputs).map((name) => (graph.inputs.has(name) ? name : name.replace(/_\d+$/, "")));
  const feeds = Object.fromEntries(Object.values(inputs).map((tensor, i) => [names[i]!, tensor]));
  expect([...graph.inputs.keys()].sort()).toEqual([...names].sort());
  const ours = await plainSession(bytes);
  const given = Object.fromEntries(names.map((name) => [name, tensorOf(feeds[name]!)]));
  const outputs = Object.values(await ours.run(given));
  const expected = run(Object.values(feeds));
  expect(outputs.length).toBe(expected.length);
  for (const [i, output] of outputs.entries()) close(output.data as Float32Array, expected[i]!.dataSync());

  // Gradient of Σ w·y, w apart from one another: that of a softmax's sum would be 0.
  const first = [...graph.outputs.values()][0]!;
  const seed = Float32Array.from({ length: first.shape.reduce((a, b) => a * b, 1) }, (_, i) => 1 + (i % 3) / 2);
  const floats = names.filter((name) => feeds[name]!.dtype === "float32");
  const wrt = floats.map((name) => graph.inputs.get(name)!);
  const backward = gradients(first, wrt, constant(Literal.from("float32", first.shape, seed)));
  const written = writeModel({ ...graph, outputs: new Map(backward.map((value, i) => [`gradient ${i}`, value])) });
  const session = await plainSession(written);
  const found = Object.values(await session.run(given));
  const y = (...xs: tf.Tensor[]) => {
    const all = names.map((name) => (floats.includes(name) ? xs[floats.indexOf(name)]! : feeds[name]!));
    return tf.sum(tf.mul(tf.reshape(run(all)[0]!, [-1]), tf.tensor1d(seed))) as tf.Scalar;
  };
  const at = floats.map((name) => feeds[name]!);
  const theirs = byDifferences
    ? at.map((x, i) => differences(y, at, i, x))
    : tf
        .grads(y)(at)
        .map((g) => g.dataSync());
  for (const [i, gradient] of theirs.entries())
    close(found[i]!.data as Float32Array, gradient, byDifferences ? 2e-3 : 1e-5);
  expect(theirs.some((gradient) => gradient.some((value) => value !== 0))).toBe(true);
  await ours.release();
  await session.release();
}

const tensorOf = (tensor: tf.Tensor) => ({
  dtype: tensor.dtype as "float32" | "int32",
  shape: tensor.shape,
  data: tensor.dataSync() as Float32Array,
});

/** Within the tolerance of the largest number, or of 1. */
function close(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  const worst = Math.max(...Array.from(found, (value, i) => Math.abs(value - expected[i]!)));
  expect(worst).toBeLessThan(tolerance * scale);
}

/** Central differences of TensorFlow.js' own outputs with respect to one of the inputs. */
function differences(y: (...xs: tf.Tensor[]) => tf.Scalar, at: readonly tf.Tensor[], i: number, x: tf.Tensor) {
  const values = x.dataSync();
  return Float32Array.from(values, (_, k) => {
    const [up, down] = [1, -1].map((sign) => {
      const moved = Float32Array.from(values, (value, j) => (j === k ? value + sign * STEP : value));
      return y(...at.map((other, j) => (j === i ? tf.tensor(moved, x.shape) : other))).dataSync()[0]!;
    });
    return (up! - down!) / (2 * STEP);
  });
}

const STEP = 2 ** -8;

/** Networks whose gradient TensorFlow.js cannot compute or computes wrongly: the operation without a gradient. */
const WITHOUT_GRADIENT: Readonly<Record<string, string>> = {
  enlarged: "convolutions with dilation, and UpSampling2D by lines to other proportions",
  arranged: "ThresholdedReLU",
  "convolutions in parts": "AvgPool with padding is divided by the whole window",
  "attention over tokens": "SquaredDifference of shapes that are broadcast",
  "parts and joints": "StridedSlice",
  "images of other sizes": "ResizeBilinear to other proportions",
  "curves and choices": "Greater",
};

/** Storage of the weights, changing from network to network. */
const STORAGES: readonly Storage[] = ["float32", "float16", "uint8", "uint16"];

describe("the Layers format computes what TensorFlow.js does", () => {
  test.each(Object.entries(LAYERS_NETWORKS))("%s", async (name, build) => {
    const model = build();
    const weights = model.weights.map(({ originalName, shape }): SavedWeight => {
      const size = (shape as number[]).reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: size }, () => 0.6 * random());
      return {
        name: originalName,
        shape: shape as number[],
        values: /variance/.test(originalName) ? values.map((value) => Math.abs(value) + 0.5) : values,
      };
    });
    const storage = STORAGES[Object.keys(LAYERS_NETWORKS).indexOf(name) % 4]!;
    const topology = model.toJSON(null, false) as object;
    const path = await save(join(folder, `layers ${name}`), {
      format: "layers-model",
      topology,
      weights,
      storage,
      shardBytes: 300,
    });
    const loaded = await tfl.loadLayersModel(handler(path));
    const feeds = Object.fromEntries(
      loaded.inputs.map(({ name: input, shape, dtype }) => {
        const dims = [1, ...(shape.slice(1) as number[])];
        const size = dims.reduce((a, b) => a * b, 1);
        const values = Array.from({ length: size }, (_, i) => (dtype === "int32" ? i % 7 : random()));
        return [input, tf.tensor(values, dims, dtype)];
      }),
    );
    await compare(
      path,
      feeds,
      { run: (xs) => [loaded.predict([...xs])].flat() as tf.Tensor[] },
      name in WITHOUT_GRADIENT,
    );
  });
});

describe("the Graph format computes what TensorFlow.js does", () => {
  test.each(Object.entries(GRAPH_NETWORKS))("%s", async (name, build) => {
    const { topology, signature, weights, inputs } = build();
    const storage = STORAGES[Object.keys(GRAPH_NETWORKS).indexOf(name) % 4]!;
    const path = await save(join(folder, `graph ${name}`), {
      format: "graph-model",
      topology,
      signature,
      weights,
      storage,
    });
    const loaded = await converter.loadGraphModel(handler(path));
    const names = Object.keys(inputs);
    const feeds = Object.fromEntries(
      names.map((input) => {
        const dims = [...inputs[input]!];
        return [input, tf.tensor(Array.from({ length: dims.reduce((a, b) => a * b, 1) }, random), dims)];
      }),
    );
    const run = (xs: readonly tf.Tensor[]) =>
      [
        loaded.execute(
          Object.fromEntries(xs.map((x, i) => [names[i]!, x])),
          loaded.outputs.map((output) => output.name),
        ),
      ].flat();
    await compare(path, feeds, { run: (xs) => run(xs) as tf.Tensor[] }, name in WITHOUT_GRADIENT);
  });
});
