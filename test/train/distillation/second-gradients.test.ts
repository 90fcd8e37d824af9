import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { type Shape, sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { softmax } from "#src/numbers/softmax.js";
import { float32 } from "#src/runtime/session.js";
import { answersOf, distance, inputGradients, type OutputKind, regulariser } from "#src/train/distillation/losses.js";
import type { Parameters } from "#src/train/network/linear.js";
import { head, headShapes, look, visionShapes } from "#src/train/network/network.js";
import { evaluate, randoms, relativeError } from "../../evaluate.js";

const LOSSES = ["regulariser", "share", "distance"] as const;

/** Losses, outputs and gradients by PyTorch in float64 (test/reference/second_gradients.py). */
interface Golden {
  readonly regulariser: number;
  readonly share: number;
  readonly distance: number;
  readonly outputs: readonly number[];
  readonly gradients: Readonly<Record<(typeof LOSSES)[number], Readonly<Record<string, readonly number[]>>>>;
}

const FILE = new URL("../../data/reference/second-gradients.json", import.meta.url);
const GOLDEN = JSON.parse(readFileSync(FILE, "utf8")) as Readonly<Record<string, Golden>>;

interface Network {
  readonly kind: OutputKind;
  readonly image: Shape;
  readonly configuration?: number;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Weights [in, out] of dense layers, where others have [out, in]. */
  readonly inFirst?: boolean;
  outputs(p: Parameters, image: Value, configuration: Value): Value;
}

const SPEC = {
  width: 18,
  height: 20,
  channels: [4, 4, 3],
  kernels: [7, 5, 5],
  configuration: 4,
  hidden: [8, 8],
  torques: 2,
} as const;

const dense = (p: Parameters, name: string, x: Value): Value =>
  apply("Gemm", [x, p[`${name}.weight`]!, p[`${name}.bias`]!], { transB: 1 });
const rowOf = (x: Value): Value => b.reshape(x, [1, sizeOf(x.shape)]);
const silu = (x: Value): Value => b.mul(x, b.sigmoid(x));
const convolutions = {
  "conv1.weight": [4, 3, 5, 5],
  "conv1.bias": [4],
  "conv2.weight": [4, 4, 3, 3],
  "conv2.bias": [4],
  "conv3.weight": [4, 4, 3, 3],
  "conv3.bias": [4],
};

const NETWORKS: Readonly<Record<string, Network>> = {
  levine: {
    kind: "numbers",
    image: [1, 3, 20, 18],
    configuration: 4,
    shapes: { ...visionShapes(SPEC), ...headShapes(SPEC) },
    inFirst: true,
    outputs: (p, image, configuration) => head(p, look(SPEC, p, image, configuration).points, configuration),
  },
  choosing: {
    kind: "logits",
    image: [1, 3, 19, 19],
    shapes: { ...convolutions, "fc1.weight": [10, 4], "fc1.bias": [10], "fc2.weight": [4, 10], "fc2.bias": [4] },
    outputs(p, image) {
      const layer = (x: Value, name: string, stride: number) =>
        b.relu(b.conv(x, p[`${name}.weight`]!, { strides: [stride, stride] }, p[`${name}.bias`]!));
      const maps = layer(layer(layer(image, "conv1", 2), "conv2", 2), "conv3", 1);
      return dense(p, "fc2", b.relu(dense(p, "fc1", rowOf(maps))));
    },
  },
  normalising: {
    kind: "logits",
    image: [1, 3, 15, 15],
    shapes: {
      "conv1.weight": [4, 3, 3, 3],
      "conv1.bias": [4],
      "batch.weight": [4],
      "batch.bias": [4],
      "group.weight": [4],
      "group.bias": [4],
      "layer.weight": [16],
      "layer.bias": [16],
      "fc1.weight": [8, 16],
      "fc1.bias": [8],
      "fc2.weight": [4, 8],
      "fc2.bias": [4],
    },
    outputs(p, image) {
      const geometry = { strides: [2, 2], dilations: [2, 2] };
      const maps = b.conv(image, p["conv1.weight"]!, geometry, p["conv1.bias"]!);
      const mean = b.tensor("float32", [4], randoms(4, 91, -0.1, 0.1));
      const variance = b.tensor("float32", [4], randoms(4, 92, 0.5, 1.5));
      const batch = [maps, p["batch.weight"]!, p["batch.bias"]!, mean, variance];
      const seen = apply("Gelu", [apply("BatchNormalization", batch, { epsilon: 1e-3 })]);
      const groups = [seen, p["group.weight"]!, p["group.bias"]!];
      const grouped = silu(apply("GroupNormalization", groups, { num_groups: 2, epsilon: 1e-2 }));
      const pooled = rowOf(apply("AveragePool", [grouped], { kernel_shape: [3, 3], strides: [3, 3] }));
      const layered = apply("LayerNormalization", [pooled, p["layer.weight"]!, p["layer.bias"]!], { epsilon: 1e-2 });
      const hidden = b.tanh(dense(p, "fc1", layered));
      return dense(p, "fc2", b.mul(hidden, b.softmax(hidden, 1)));
    },
  },
};

/** As the reference draws them: norms' weights around 1, others of the size of He et al. 2015. */
function weights({ shapes, inFirst }: Network): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape], i) => {
      const isNorm = /^(batch|group|layer)\.weight$/.test(key);
      const fan = shape.length === 2 && inFirst ? shape[0]! : sizeOf(shape.slice(1));
      const most = shape.length > 1 ? Math.sqrt(6 / fan) : 0.2;
      const [low, high] = isNorm ? [0.5, 1.5] : [-most, most];
      return [key, randoms(sizeOf(shape), i + 1, low, high)];
    }),
  );
}

/** The graph of a network's losses at the reference's state, and what it is fed. */
function lossesOf(network: Network) {
  const { kind, shapes, image: size, configuration: values = 1 } = network;
  const p = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, b.input(key, "float32", shape)]));
  const image = b.input("image", "float32", size);
  const configuration = b.input("configuration", "float32", [1, values]);
  const outputs = network.outputs(p, image, configuration);
  const area = size.slice(2);
  const mask = randoms(sizeOf(area), 52, 0, 0.3).map((saliency) => Number(0.1 - saliency >= 0));
  const drawn = randoms(sizeOf(outputs.shape), 53);
  const teacher = b.tensor("float32", outputs.shape, kind === "numbers" ? drawn : softmax(drawn));
  const slopes = inputGradients(answersOf(kind, outputs), [image]);
  const masks = [b.tensor("float32", [1, 1, ...area], mask)];
  const losses = {
    regulariser: regulariser(slopes, masks, "largest"),
    share: regulariser(slopes, masks, "sum"),
    distance: distance(kind, outputs, teacher),
  };
  const feeds = {
    ...Object.fromEntries(Object.entries(weights(network)).map(([key, data]) => [key, float32(data, shapes[key]!)])),
    image: float32(randoms(sizeOf(size), 50, 0, 1), size),
    configuration: float32(randoms(values, 51), [1, values]),
  };
  const used = network.configuration ? [image, configuration] : [image];
  if (!network.configuration) Reflect.deleteProperty(feeds, "configuration");
  return { p, inputs: [...Object.values(p), ...used], outputs, losses, feeds };
}

describe("losses that contain an input gradient, against PyTorch's double backward in float64", () => {
  it.each(Object.entries(NETWORKS))("%s", async (name, network) => {
    const golden = GOLDEN[name]!;
    const { p, inputs, outputs, losses, feeds } = lossesOf(network);
    const names = Object.keys(p);
    const wanted: Record<string, Value> = { outputs, ...losses };
    for (const loss of LOSSES) {
      const found = gradients(losses[loss], Object.values(p));
      names.forEach((key, i) => {
        wanted[`${loss} ${key}`] = found[i]!;
      });
    }
    const results = await evaluate(inputs, wanted, feeds, 21);
    expect(relativeError(results.outputs!, golden.outputs)).toBeLessThan(1e-5);
    for (const loss of LOSSES) {
      expect(Math.abs(results[loss]![0]! - golden[loss]) / golden[loss], loss).toBeLessThan(1e-5);
      const of = (key: string) => {
        const expected = golden.gradients[loss][key]!;
        return expected.length > 0 ? expected : Array<number>(sizeOf(network.shapes[key]!)).fill(0);
      };
      const all = names.flatMap((key) => Array.from(results[`${loss} ${key}`]!));
      const peak = Math.max(...names.flatMap(of).map(Math.abs));
      expect(peak).toBeGreaterThan(1e-4);
      expect(relativeError(all, names.flatMap(of)), loss).toBeLessThan(1e-5);
      // And each parameter's own gradient, unless it is zero but for rounding (M_g does not change with its scale).
      for (const key of names) {
        if (Math.max(...of(key).map(Math.abs)) < 1e-3 * peak) continue;
        expect(relativeError(results[`${loss} ${key}`]!, of(key)), `${loss} ${key}`).toBeLessThan(1e-5);
      }
    }
  });
});
