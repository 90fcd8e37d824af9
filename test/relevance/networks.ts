import fc from "fast-check";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import type { Subject, SubjectModality } from "#src/relevance/contract/subject.js";
import { float32, type TensorData } from "#src/runtime/session.js";
import { randoms, uniform } from "../evaluate.js";

/** What a random policy is made of. Everything that is not said here follows from the seed. */
export interface Spec {
  readonly seed: number;
  readonly torques: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly layout: "NHWC" | "NCHW";
  readonly dtype: "uint8" | "float32";
  readonly range: readonly [number, number];
  /** What happens to pixels before the first convolution. */
  readonly pixels: "as they are" | "scaled" | "standardised";
  readonly trunk: readonly Block[];
  readonly join: "points" | "points by sums" | "flat" | "mean";
  readonly configuration: number;
  readonly reference: "zero" | "values";
  readonly standardised: boolean;
  readonly hidden: readonly number[];
  readonly activation: "Relu" | "Tanh" | "LeakyRelu";
  readonly biased: boolean;
  readonly squash: "none" | "limits" | "tanh" | "clip";
}

export interface Block {
  readonly kind: "conv" | "max" | "average" | "normalised" | "skip";
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

const block: fc.Arbitrary<Block> = fc
  .record({
    kind: fc.constantFrom("conv", "conv", "max", "average", "normalised", "skip"),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 2 }),
    pad: fc.nat(1),
  })
  .map((made) => ({ ...made, pad: Math.min(made.pad, made.kernel - 1) }));

export const specs: fc.Arbitrary<Spec> = fc
  .record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    torques: fc.integer({ min: 1, max: 4 }),
    height: fc.integer({ min: 6, max: 11 }),
    width: fc.integer({ min: 6, max: 11 }),
    channels: fc.constantFrom<1 | 3>(1, 3),
    layout: fc.constantFrom("NHWC", "NCHW"),
    dtype: fc.constantFrom("uint8", "float32"),
    range: fc.constantFrom<readonly [number, number]>([0, 1], [-1, 1], [0, 255], [-2, 3], [1, 2]),
    pixels: fc.constantFrom("as they are", "scaled", "standardised"),
    trunk: fc.array(block, { maxLength: 3 }),
    join: fc.constantFrom("points", "points by sums", "flat", "mean"),
    configuration: fc.integer({ min: 1, max: 5 }),
    reference: fc.constantFrom("zero", "values"),
    standardised: fc.boolean(),
    hidden: fc.array(fc.integer({ min: 3, max: 6 }), { maxLength: 2 }),
    activation: fc.constantFrom("Relu", "Relu", "Tanh", "LeakyRelu"),
    biased: fc.boolean(),
    squash: fc.constantFrom("none", "none", "limits", "tanh", "clip"),
  })
  .map((spec) => (spec.dtype === "uint8" ? { ...spec, range: [0, 255] as const } : spec)) as fc.Arbitrary<Spec>;

/** A policy with what feeds it. Its second output `last` is what the torques' own layer reads. */
export interface Network {
  readonly subject: Subject;
  /** Any observation in the declared ranges. */
  feeds(seed: number): Record<string, TensorData>;
}

/** Numbers for weights; by default within ±1, with a scale that keeps activations near 1. */
class Weights {
  #next: () => number;

  constructor(seed: number) {
    this.#next = uniform(seed);
  }

  random(shape: readonly number[], low = -1, high = 1): Value {
    return b.tensor("float32", shape, randoms(sizeOf(shape), 1e9 * this.#next(), low, high));
  }

  /**
   * Weights [out, in, …] of which every window, however little of it lies in the image, has one of either sign: so that
   * no unit is active through its bias against all its weights, where relevance has nowhere to go.
   */
  mixed(shape: readonly number[], transposed = false): Value {
    const fan = sizeOf(shape.slice(1));
    const numbers = randoms(sizeOf(shape), 1e9 * this.#next()).map((x, i) => {
      const channel = Math.floor((i % fan) / sizeOf(shape.slice(2)));
      const size = (0.1 + Math.abs(x)) * Math.sqrt(3 / fan);
      return channel === 0 ? size : channel === 1 ? -size : Math.sign(x) * size;
    });
    const value = b.tensor("float32", shape, numbers);
    return transposed ? b.transpose(value, [1, 0]) : value;
  }
}

export function networkOf(spec: Spec): Network {
  const weights = new Weights(spec.seed);
  const { height, width, channels, layout } = spec;
  const shape = layout === "NHWC" ? [1, height, width, channels] : [1, channels, height, width];
  const image = b.input("image", spec.dtype, shape);
  const configuration = b.input("configuration", "float32", [1, spec.configuration]);
  const features = joined(spec, weights, trunk(spec, weights, pixels(spec, weights, image)));
  const last = hidden(spec, weights, b.concat([features, configurationOf(spec, weights, configuration)], 1));
  const torque = torques(spec, weights, last);
  const reference =
    spec.reference === "zero" ? new Float32Array(spec.configuration) : randoms(spec.configuration, spec.seed);
  const modalities: SubjectModality[] = [
    { kind: "image", name: "image", input: "image", layout, range: spec.range },
    {
      kind: "values",
      name: "joint_position",
      input: "configuration",
      start: 0,
      size: spec.configuration,
      reference: { kind: spec.reference, values: reference },
    },
  ];
  const graph = {
    name: "random",
    inputs: new Map([image, configuration].map((value) => [value.name!, value])),
    outputs: new Map([
      ["torque", torque],
      ["last", last],
    ]),
    metadata: new Map<string, string>(),
    opset: 18,
  };
  const subject: Subject = { graph, sha256: "0".repeat(64), torque: "torque", modalities, featurePoints: "policy" };
  return { subject, feeds: (seed) => feedsOf(spec, shape, seed) };
}

function feedsOf(spec: Spec, shape: readonly number[], seed: number): Record<string, TensorData> {
  const values = randoms(sizeOf(shape), seed, ...spec.range);
  const data = spec.dtype === "uint8" ? Uint8Array.from(values) : values;
  return {
    image: { dtype: spec.dtype, shape, data },
    configuration: float32(randoms(spec.configuration, seed + 1, -2, 2), [1, spec.configuration]),
  };
}

/** To [1, C, H, W] floats near 1, by scales of either sign. */
function pixels(spec: Spec, weights: Weights, image: Value): Value {
  const floats = b.cast(image, "float32");
  const first = spec.layout === "NHWC" ? b.transpose(floats, [0, 3, 1, 2]) : floats;
  const channel = [1, spec.channels, 1, 1];
  const size = Math.max(...spec.range.map(Math.abs));
  if (spec.pixels === "as they are") return first;
  if (spec.pixels === "scaled") return b.div(first, size);
  const deviation = b.mul(weights.random(channel, 0.3, 1), b.mul(size, weights.mixed([1, spec.channels, 1, 1])));
  return b.div(b.sub(first, b.mul(weights.random(channel), size)), deviation);
}

function trunk(spec: Spec, weights: Weights, image: Value): Value {
  const wide = Math.max(...image.shape.slice(2)) > 6 ? 3 : 2;
  let x = conv(spec, weights, image, 4, wide, 2, 0);
  x = b.relu(x);
  for (const each of spec.trunk) x = step(spec, weights, x, each);
  return x;
}

function conv(spec: Spec, weights: Weights, x: Value, out: number, kernel: number, stride: number, pad: number): Value {
  const pads = [pad, pad, pad, pad];
  const weight = weights.mixed([out, x.shape[1]!, kernel, kernel]);
  const scaled = spec.pixels === "as they are" && x.shape[1] === spec.channels ? b.div(weight, 100) : weight;
  return b.conv(
    x,
    scaled,
    { strides: [stride, stride], pads },
    spec.biased ? weights.random([out], -0.3, 0.3) : undefined,
  );
}

function step(spec: Spec, weights: Weights, x: Value, { kind, kernel, stride, pad }: Block): Value {
  const channels = x.shape[1]!;
  const size = Math.min(...x.shape.slice(2));
  const k = Math.min(kernel, size);
  const p = Math.min(pad, k - 1);
  const window = { kernel_shape: [k, k], strides: [stride, stride], pads: [p, p, p, p] };
  switch (kind) {
    case "conv":
      return b.relu(conv(spec, weights, x, 3, k, stride, p));
    case "max":
      return apply("MaxPool", [x], window);
    case "average":
      return apply("AveragePool", [x], window);
    case "normalised": {
      const of = (low: number, high: number) => weights.random([3], low, high);
      const parameters = [
        of(-1, 1),
        spec.biased ? of(-0.5, 0.5) : of(0, 0),
        spec.biased ? of(-1, 1) : of(0, 0),
        of(0.3, 2),
      ];
      return b.relu(apply("BatchNormalization", [conv(spec, weights, x, 3, k, stride, p), ...parameters]));
    }
    case "skip": {
      const body = b.conv(x, weights.mixed([channels, channels, 1, 1]));
      return b.relu(b.add(x, body));
    }
  }
}

/** Feature maps to features [1, n]. */
function joined(spec: Spec, weights: Weights, maps: Value): Value {
  const [, c, h, w] = maps.shape as [number, number, number, number];
  if (spec.join === "flat") return apply("Flatten", [maps]);
  if (spec.join === "mean") return b.mean(maps, [2, 3]);
  const logits = b.mul(b.reshape(maps, [c, h * w]), 2);
  const probability = b.softmax(logits);
  const grid = weights.random([h * w, 2]);
  if (spec.join === "points") return b.reshape(b.matmul(probability, grid), [1, 2 * c]);
  const along = (k: number) => b.sum(b.mul(probability, b.reshape(b.slice(grid, 1, k, k + 1), [1, h * w])), [1]);
  return b.reshape(b.concat([along(0), along(1)], 0), [1, 2 * c]);
}

function configurationOf(spec: Spec, weights: Weights, configuration: Value): Value {
  if (!spec.standardised) return configuration;
  const shape = [1, spec.configuration];
  return b.mul(b.sub(configuration, weights.random(shape)), weights.random(shape, -2, 2));
}

function hidden(spec: Spec, weights: Weights, features: Value): Value {
  return spec.hidden.reduce((x, width) => apply(spec.activation, [dense(spec, weights, x, width)]), features);
}

function dense(spec: Spec, weights: Weights, x: Value, out: number): Value {
  const weight = weights.mixed([out, x.shape[1]!], true);
  return spec.biased ? apply("Gemm", [x, weight, weights.random([out], -0.3, 0.3)]) : b.matmul(x, weight);
}

function torques(spec: Spec, weights: Weights, last: Value): Value {
  const y = dense(spec, weights, last, spec.torques);
  const limits = weights.random([spec.torques], -3, 3);
  if (spec.squash === "limits") return b.mul(y, limits);
  if (spec.squash === "tanh") return b.mul(b.tanh(y), limits);
  return spec.squash === "clip" ? apply("Clip", [y, b.scalar(-0.8), b.scalar(0.8)]) : y;
}
