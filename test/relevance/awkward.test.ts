import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import { float32, type TensorData } from "#src/runtime/session.js";
import { networkOf, type Spec, specs } from "./networks.js";
import {
  configuration,
  DEPTHS,
  dense,
  explain,
  type Feeds,
  image,
  type Outputs,
  observation,
  subjectOf,
  total,
  weights,
} from "./subjects.js";

/** Observations and networks at which quotients are 0/0, everything ties or nothing is left. */

const expectFinite = (outputs: Outputs, what: string) => {
  for (const [name, values] of Object.entries(outputs))
    expect(values.every(Number.isFinite), `${what} ${name}`).toBe(true);
};

const filled = (like: TensorData, value: number): TensorData => ({
  ...like,
  data: (like.data as Float32Array).map(() => value),
});

/** What a policy may be shown at its worst, by name. */
const observations = ({ range, torques }: Spec, feeds: Feeds): Record<string, Feeds> => ({
  "all pixels lowest": { ...feeds, image: filled(feeds.image!, range[0]) },
  "all pixels highest": { ...feeds, image: filled(feeds.image!, range[1]) },
  "all pixels alike": { ...feeds, image: filled(feeds.image!, (range[0] + range[1]) / 2) },
  "all zero": { image: filled(feeds.image!, 0), configuration: filled(feeds.configuration!, 0) },
  "configuration zero": { ...feeds, configuration: filled(feeds.configuration!, 0) },
  "configuration huge": { ...feeds, configuration: filled(feeds.configuration!, -1e6) },
  "configuration tiny": { ...feeds, configuration: filled(feeds.configuration!, 1e-30) },
  [`${torques} torques`]: feeds,
});

const policies = fc
  .sample(specs, { numRuns: 8, seed: 8 })
  .map((spec, i) => [`policy ${i}, ${spec.join}`, spec] as const);

describe.each(policies)("%s", (_, spec) => {
  const { subject, feeds } = networkOf(spec);
  const ones = new Float32Array(spec.torques).fill(1);

  it.each(DEPTHS)("%s: every output is finite for every observation, and shares sum to 1", async (depth) => {
    for (const [what, seen] of Object.entries(observations(spec, feeds(3)))) {
      const [out, nothing] = await explain(subject, seen, {
        depth,
        importances: [ones, new Float32Array(spec.torques)],
      });
      expectFinite(out!, what);
      const sum = total(out!["torquelens.shares"]!);
      const isIdle = total(out!.torque!.map(Math.abs)) < 1e-20;
      if (sum !== 0 && !isIdle) expect(sum, what).toBeCloseTo(1, 3);
      expect(sum, what).toBeLessThan(1.001);
      expect(Math.min(...out!["torquelens.shares"]!), what).toBeGreaterThanOrEqual(0);
      expectFinite(nothing!, `${what}, importance zero`);
      expect(total(nothing!["torquelens.shares"]!)).toBe(0);
      expect(nothing!["torquelens.residual"]![0]).toBe(0);
      expect(nothing!["torquelens.relevance.configuration"]!.every((x) => x === 0)).toBe(true);
    }
  });

  it("conserves where all pixels tie", async () => {
    const { "all pixels alike": seen } = observations(spec, feeds(3));
    const [out] = await explain(subject, seen!);
    if (out!.last!.some((x) => x !== 0)) expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-3);
  });
});

describe("weights", () => {
  const zeros = (shape: readonly number[]) => b.tensor("float32", shape, new Float32Array(sizeOf(shape)));
  const inputs = [image(), configuration()];
  const network = (kernel: (shape: readonly number[]) => ReturnType<typeof zeros>, bias: number) => {
    const maps = b.relu(b.conv(inputs[0]!, kernel([3, 3, 3, 3]), {}, b.tensor("float32", [3], [bias, bias, bias])));
    const pooled = apply("MaxPool", [maps], { kernel_shape: [2, 2], strides: [2, 2] });
    const points = b.reshape(b.matmul(b.softmax(b.reshape(pooled, [3, 4]), 1), weights([4, 2], 3)), [1, 6]);
    const hidden = b.relu(b.matmul(b.concat([points, inputs[1]!], 1), kernel([10, 4])));
    return subjectOf(inputs, apply("Gemm", [hidden, kernel([4, 2]), b.tensor("float32", [2], [bias, -bias])]));
  };

  it.each([
    ["zero", zeros, 0],
    ["zero, biased", zeros, 0.5],
    [
      "vanishing",
      (shape: readonly number[]) => b.tensor("float32", shape, new Float32Array(sizeOf(shape)).fill(1e-38)),
      0,
    ],
    ["all negative, biased", (shape: readonly number[]) => weights(shape, 2, -1, 0), 0.5],
    ["large", (shape: readonly number[]) => weights(shape, 2, -1e4, 1e4), 10],
  ] as const)("%s", async (_, kernel, bias) => {
    for (const depth of DEPTHS)
      for (const out of await explain(network(kernel, bias), observation(inputs), { depth })) expectFinite(out, depth);
  });

  it("torques of exactly zero get nothing, and the others are unchanged", async () => {
    const x = configuration();
    const w = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 0 : 1 + i));
    const [out] = await explain(subjectOf([x], dense(x, 2, w)), { configuration: float32([1, -2, 3, 4], [1, 4]) });
    expect(out!.torque![0]).toBe(0);
    expect(Array.from(out!["torquelens.torque_shares"]!)).toEqual([0, 1]);
    expect(Array.from(out!["torquelens.empty_pool"]!)).toEqual([0, 0]);
    expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-6);
  });

  it("relevance of a maximum with ties goes to one of them, and none is counted twice", async () => {
    const x = image("image", [1, 1, 4, 4]);
    const pooled = apply("MaxPool", [b.relu(b.mul(x, 2))], {
      kernel_shape: [3, 3],
      strides: [1, 1],
      pads: [1, 1, 1, 1],
    });
    const torque = dense(apply("Flatten", [pooled]), 1, new Array(16).fill(1));
    const [out] = await explain(subjectOf([x], torque), {
      image: float32(new Float32Array(16).fill(0.5), [1, 1, 4, 4]),
    });
    expect(total(out!["torquelens.heatmap.image"]!)).toBeCloseTo(16, 4);
    expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-5);
  });
});

describe("an output without a positive weight", () => {
  const q = configuration(3);
  const hidden = (weights: readonly number[], bias: readonly number[]) =>
    apply("Gemm", [q, b.tensor("float32", [3, 2], weights), b.tensor("float32", [2], bias)]);
  const rulesOf = (y: ReturnType<typeof hidden>) => compile(subjectOf([q], dense(b.relu(y), 1, [1, 1]))).rules;

  it("is named where its bias can make it active", () => {
    const named = rulesOf(hidden([1, -1, 2, -2, -1, -1], [0, 3])).filter(({ loses }) => loses !== undefined);
    expect(named.map(({ op, rule }) => [op, rule])).toEqual([["Gemm", "eq2"]]);
    expect(named[0]!.loses).toMatch(/^outputs without a positive weight/);
  });

  const picture = image("image", [1, 2, 6, 6]);
  const hiddenMaps = b.relu(b.conv(picture, weights([2, 2, 3, 3], 1, 0.1, 1)));
  const positiveAt = (shape: readonly number[], ...places: readonly number[]) =>
    b.tensor(
      "float32",
      shape,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => (places.includes(i) ? 1 : -1)),
    );
  const bias = b.tensor("float32", [2], [1, 1]);

  it.each<readonly [string, string, () => Value, RegExp | undefined]>([
    [
      "at the edge of a padded map",
      "Conv",
      () => b.conv(hiddenMaps, positiveAt([2, 2, 3, 3], 0, 18), { pads: [1, 1, 1, 1] }, bias),
      /^outputs without a positive weight/,
    ],
    [
      "in the middle alone",
      "Conv",
      () => b.conv(hiddenMaps, positiveAt([2, 2, 3, 3], 4, 22), { pads: [1, 1, 1, 1] }, bias),
      undefined,
    ],
    [
      "in a group",
      "Conv",
      () => b.conv(hiddenMaps, positiveAt([2, 1, 1, 1], 0), { group: 2 }, bias),
      /^outputs without/,
    ],
    [
      "in a group of a transposed convolution",
      "ConvTranspose",
      () => apply("ConvTranspose", [hiddenMaps, positiveAt([2, 1, 1, 1], 0), bias], { group: 2 }),
      /^outputs without/,
    ],
    [
      "where only strides and dilations leave gaps",
      "ConvTranspose",
      () =>
        apply("ConvTranspose", [hiddenMaps, b.full([2, 2, 2, 2], 1), bias], {
          strides: [3, 3],
          dilations: [1, 1],
          output_padding: [2, 2],
        }),
      /^outputs without/,
    ],
    [
      "of a transposed convolution, every phase of it",
      "ConvTranspose",
      () => apply("ConvTranspose", [hiddenMaps, b.full([2, 2, 2, 2], 1), bias], { strides: [2, 2] }),
      undefined,
    ],
  ])("%s", (_, op, maps, expected) => {
    const found = compile(subjectOf([picture], dense(apply("Flatten", [b.relu(maps())]), 2, 3))).rules;
    const last = found.filter((rule) => rule.op === op).at(-1);
    if (expected) expect(last!.loses).toMatch(expected);
    else expect(last!.loses).toBeUndefined();
  });

  it.each([
    ["Mish", "dtd"],
    ["Sigmoid", "dtd"],
    ["Tanh", "excitation-backprop"],
    ["HardSwish", "dtd:first=eq2"],
  ])("of a depthwise convolution before %s hands on what is against it, by %s", async (activation, method) => {
    const maps = b.relu(b.conv(picture, weights([4, 2, 3, 3], 1), { strides: [2, 2] }));
    const apart = b.conv(maps, weights([4, 1, 5, 5], 2), { group: 4, pads: [2, 2, 2, 2] });
    const subject = subjectOf([picture], dense(apply("Flatten", [apply(activation, [apart])]), 2, 3));
    const { rules } = compile(subject, { method });
    expect(rules.filter(({ loses }) => loses !== undefined)).toEqual([]);
    for (const seed of [1, 2, 3]) {
      const [out] = await explain(subject, observation([picture], seed), { method });
      expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-6);
    }
  });

  it("is not named where every output has one", () => {
    expect(rulesOf(hidden([1, -1, 2, -2, -1, 0.1], [0, 3])).some(({ loses }) => loses !== undefined)).toBe(false);
  });
});
