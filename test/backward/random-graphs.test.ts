import fc from "fast-check";
import { expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { differentiable } from "./directional.js";

/** A step takes the values made so far and makes one more of the last; `n` chooses freely. */
type Step = (last: Value, n: number, graph: Growing) => Value;

/** A graph that grows: leaves are made where a step needs weights. */
class Growing {
  readonly leaves: Value[] = [];
  readonly values: Value[] = [];

  leaf(shape: readonly number[]): Value {
    const value = b.input(`x${this.leaves.length}`, "float32", shape);
    this.leaves.push(value);
    this.values.push(value);
    return value;
  }
}

const axisOf = (x: Value, n: number) => n % x.shape.length;
const flat = (x: Value) => b.reshape(x, [1, sizeOf(x.shape)]);
const asImage = (x: Value) => (x.shape.length === 4 ? x : b.reshape(x, [1, 1, 1, sizeOf(x.shape)]));
const window = (x: Value, n: number) => {
  const kernel = x.shape.slice(2).map((d, i) => Math.min(d, 1 + ((n >> i) % 3)));
  const strides = [1 + (n % 2), 1 + ((n >> 2) % 3)];
  const pads = [...kernel, ...kernel].map((k, i) => Math.min(k - 1, (n >> (i + 3)) % 2));
  return { kernel, strides, pads };
};

const STEPS: Readonly<Record<string, Step>> = {
  tanh: b.tanh,
  sigmoid: b.sigmoid,
  exp: (x) => b.exp(b.mul(b.tanh(x), 0.5)),
  root: (x) => b.sqrt(b.add(b.square(x), 1)),
  logarithm: (x) => b.log(b.add(b.square(x), 0.5)),
  relu: b.relu,
  leaky: (x) => apply("LeakyRelu", [x], { alpha: 0.3 }),
  mish: (x) => apply("Mish", [x]),
  erf: (x) => apply("Erf", [x]),
  softplus: (x) => apply("Softplus", [x]),
  normalised: (x, n) => {
    const axis = axisOf(x, n);
    const shape = x.shape.slice(axis);
    return apply("LayerNormalization", [x, b.full(shape, 1.5), b.full(shape, 0.2)], { axis, epsilon: 0.5 });
  },
  resized: (x, n) =>
    apply("Resize", [x, undefined, undefined, b.int64(x.shape.map((d, i) => (i === axisOf(x, n) ? d + 2 : d)))], {
      mode: "nearest",
    }),
  running: (x, n) => apply("CumSum", [x, b.scalar(axisOf(x, n), "int64")], { reverse: n % 2 }),
  length: (x, n) => b.add(x, apply("ReduceL2", [b.add(b.square(x), 0.1), b.int64([axisOf(x, n)])])),
  clip: (x) => apply("Clip", [x, b.scalar(-0.7), b.scalar(0.9)]),
  softmax: (x, n) => b.softmax(x, axisOf(x, n)),
  negated: (x) => b.sub(0.5, b.mul(x, -1.5)),
  ratio: (x, n, { values }) => b.div(x, b.add(b.square(b.mean(values[n % values.length]!)), 1)),
  product: (x, n, { values }) => b.mul(x, b.tanh(b.sum(values[n % values.length]!))),
  sum: (x, n, { values }) => b.add(x, b.mean(values[n % values.length]!)),
  larger: (x, n, { values }) => b.maximum(x, b.mean(values[n % values.length]!)),
  power: (x) => apply("Pow", [b.add(b.square(x), 0.5), b.scalar(1.5)]),
  transposed: (x, n) => {
    const axes = x.shape.map((_, i) => i);
    return b.transpose(x, [...axes.slice(n % axes.length), ...axes.slice(0, n % axes.length)]);
  },
  flat,
  sliced: (x, n) => {
    const axis = axisOf(x, n);
    const step = n % 3 === 0 ? -1 : (n % 2) + 1;
    return b.slice(x, axis, step < 0 ? -1 : 0, step < 0 ? Number.MIN_SAFE_INTEGER : x.shape[axis]!, step);
  },
  // Scaled, since onnxruntime fuses padding into a pool behind it and then refuses pads that its kernel is too small for.
  padded: (x, n) => b.mul(b.padAxis(x, axisOf(x, n), n % 3, (n >> 2) % 3), 1.5),
  cut: (x, n) => (x.shape[axisOf(x, n)]! > 2 ? b.mul(b.padAxis(x, axisOf(x, n), -1, 1), 1.5) : x),
  joined: (x, n) => b.concat([x, b.mul(x, 2)], axisOf(x, n)),
  parted: (x, n) => {
    const axis = axisOf(x, n);
    const extent = x.shape[axis]!;
    if (extent < 2) return x;
    const [first, rest] = b.split(x, axis, [1, extent - 1]);
    return b.concat([rest!, b.mul(first!, -1)], axis);
  },
  gathered: (x, n) => {
    const axis = axisOf(x, n);
    return apply("Gather", [x, b.int64([n % x.shape[axis]!, 0, n % x.shape[axis]!])], { axis });
  },
  expanded: (x) => (x.shape.length < 4 ? b.expand(x, [2, ...x.shape]) : x),
  averaged: (x, n) => b.sub(x, b.mean(x, [axisOf(x, n)], true)),
  summed: (x, n) => b.sum(x, [axisOf(x, n)], true),
  highest: (x, n) => b.add(x, b.reduceMax(x, [axisOf(x, n)], true)),
  dense: (x, n, graph) =>
    apply("Gemm", [flat(x), graph.leaf([sizeOf(x.shape), 1 + (n % 4)]), graph.leaf([1 + (n % 4)])]),
  matmul: (x, n, graph) =>
    x.shape.length > 1 ? b.matmul(x, graph.leaf([x.shape.at(-1)!, 1 + (n % 4)])) : b.matmul(x, graph.leaf(x.shape)),
  conv: (x, n, graph) => {
    const image = asImage(x);
    const { kernel, strides, pads } = window(image, n);
    return b.conv(
      image,
      graph.leaf([1 + (n % 3), image.shape[1]!, ...kernel]),
      { strides, pads },
      graph.leaf([1 + (n % 3)]),
    );
  },
  largest: (x, n) => {
    const image = asImage(x);
    const { kernel, strides, pads } = window(image, n);
    return apply("MaxPool", [image], { kernel_shape: kernel, strides, pads });
  },
  pooled: (x, n) => {
    const image = asImage(x);
    const { kernel, strides, pads } = window(image, n);
    return apply("AveragePool", [image], { kernel_shape: kernel, strides, pads, count_include_pad: n % 2 });
  },
};

const plans = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  steps: fc.array(fc.tuple(fc.constantFrom(...Object.keys(STEPS)), fc.nat(1000)), { minLength: 1, maxLength: 7 }),
});

it("gradients of random graphs are their slopes", async () => {
  const counts = { leaves: 0, checked: 0 };
  await fc.assert(
    fc.asyncProperty(plans, async ({ seed, steps }) => {
      const graph = new Growing();
      let last = graph.leaf([1, 2, 5, 4]);
      for (const [name, n] of steps) {
        last = STEPS[name]!(last, n, graph);
        graph.values.push(last);
      }
      counts.leaves += graph.leaves.length;
      counts.checked += await differentiable(last, graph.leaves, seed, gradients);
    }),
    { numRuns: 150, seed: 4 },
  );
  expect(counts.checked / counts.leaves, "had no kink near by").toBeGreaterThan(0.7);
});
