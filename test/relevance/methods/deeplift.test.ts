import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { activations, policyOfMlp, randomMlp } from "../slow-mlp.js";
import {
  configuration,
  type DEPTHS,
  dense,
  explain,
  type Feeds,
  image,
  observation,
  subjectOf,
  total,
  weights,
} from "../subjects.js";

const RELEVANCE = "torquelens.relevance.configuration";
const TORQUES = "torquelens.torque_relevance.configuration";

describe("deeplift on explicit matrices", () => {
  it.each([1, 2, 3, 4])("seed %i", async (seed) => {
    const mlp = randomMlp([4, 8, 6, 3], seed);
    const x = randoms(4, 9 + seed, -2, 2);
    const reference = [0.5, -1, 0, 2];
    const plain = policyOfMlp(mlp);
    const modality = { ...plain.modalities[0]!, reference: { kind: "values", values: reference } } as never;
    for (const [from, method] of [
      [reference, "deeplift"],
      [[0, 0, 0, 0], "deeplift:baseline=zero"],
    ] as const) {
      const [here, there] = [activations(mlp, x), activations(mlp, from)];
      const expected = Array.from(here.at(-1)!, (torque, j) => {
        let m = Float64Array.from(here.at(-1)!, (_, k) => (k === j ? Math.sign(torque) : 0));
        for (let l = mlp.weights.length - 1; l >= 0; l--) {
          const matrix = mlp.weights[l]!;
          const z = (all: Float64Array[], k: number) =>
            matrix[k]!.reduce((sum, w, i) => sum + w * all[l]![i]!, mlp.biases[l]![k]!);
          if (l < mlp.weights.length - 1)
            m = m.map((value, k) => {
              const [z1, z0] = [z(here, k), z(there, k)];
              return (value * (Math.max(z1, 0) - Math.max(z0, 0))) / (z1 - z0);
            });
          m = here[l]!.map((_, i) => matrix.reduce((sum, row, k) => sum + row[i]! * m[k]!, 0));
        }
        return Array.from(m, (value, i) => value * (x[i]! - from[i]!));
      });
      const [out] = await explain(
        { ...plain, modalities: [modality] },
        { configuration: float32(x, [1, 4]) },
        { method },
      );
      expect(relativeError(out![TORQUES]!, expected.flat())).toBeLessThan(1e-5);
      expect(
        relativeError(
          out![RELEVANCE]!,
          expected[0]!.map((_, i) => total(expected.map((row) => row[i]!))),
        ),
      ).toBeLessThan(1e-5);
    }
  });
});

const x = image("image", [1, 3, 8, 8]);
const q = configuration(4);
const maps = b.relu(b.conv(x, weights([4, 3, 3, 3], 1), {}, weights([4], 7)));
const flat = (value: Value) => apply("Flatten", [value]);
const points = (value: Value, sharpness = 3) =>
  b.reshape(b.matmul(b.softmax(b.mul(b.reshape(value, [4, 36]), sharpness)), weights([36, 2], 3)), [1, 8]);
const centred = (value: Value) => b.sub(value, b.mean(value, [1], true));
const normalised = (value: Value) =>
  b.div(centred(value), b.sqrt(b.add(b.mean(b.square(centred(value)), [1], true), 1e-3)));
const gelu = (value: Value) => b.mul(b.mul(value, 0.5), b.add(apply("Erf", [b.div(value, Math.SQRT2)]), 1));

/** Hidden features by what makes them; each is read by two linear layers with something curved in between. */
const FEATURES: Readonly<Record<string, Value>> = {
  "overlapping max pools": flat(
    apply("MaxPool", [maps], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ),
  "average pools": flat(apply("AveragePool", [maps], { kernel_shape: [2, 2], strides: [2, 2] })),
  "a spatial softmax": points(maps),
  "a sharp spatial softmax": points(maps, 60),
  "softmax attention": b.matmul(b.softmax(dense(q, 4, 11)), b.reshape(b.slice(flat(maps), 1, 0, 20), [4, 5])),
  "layer normalisation in nodes": normalised(dense(flat(maps), 6, 12)),
  "a LayerNormalization": apply("LayerNormalization", [dense(flat(maps), 6, 12), weights([6], 13), weights([6], 14)]),
  "an InstanceNormalization": flat(apply("InstanceNormalization", [maps, weights([4], 13), weights([4], 14)])),
  gates: b.mul(dense(flat(maps), 5, 15), b.sigmoid(dense(q, 5, 16))),
  quotients: b.div(dense(flat(maps), 5, 15), b.add(b.exp(dense(q, 5, 16)), 1)),
  squares: b.square(dense(q, 5, 17)),
  maxima: apply("Max", [dense(q, 5, 17), dense(flat(maps), 5, 18)]),
  minima: apply("Min", [dense(q, 5, 17), b.tensor("float32", [1, 5], [0.1, -0.2, 0, 1, -1])]),
  "GELU in nodes": gelu(dense(q, 6, 19)),
  "clipped and leaky": apply("LeakyRelu", [apply("Clip", [dense(q, 6, 19), b.scalar(-0.5), b.scalar(0.6)])]),
};

it("deeplift stays bounded through a sharp softmax", async () => {
  const inputs = [x, q];
  for (const sharpness of [1, 30, 300]) {
    const subject = subjectOf(inputs, dense(b.concat([points(maps, sharpness), q], 1), 1, 5));
    const [out] = await explain(subject, observation(inputs, 4), { method: "deeplift" });
    // Feature points move by at most 2, torques by that times the weights: what cancels is of no other order.
    expect(total(out!["torquelens.heatmap.image"]!.map(Math.abs))).toBeLessThan(100);
  }
});

describe.each(Object.entries(FEATURES))("deeplift through %s", (_, features) => {
  const subject = subjectOf([x, q], dense(b.tanh(dense(b.concat([features, q], 1), 5, 4)), 3, 5));
  const nothing = {
    image: float32(new Float32Array(192), x.shape),
    configuration: float32(new Float32Array(4), q.shape),
  };
  const white = { ...nothing, image: float32(new Float32Array(192).fill(1), x.shape) };
  const run = async (feeds: Feeds, method: string, depth: (typeof DEPTHS)[number] = "full") =>
    (await explain(subject, feeds, { method, depth }))[0]!;

  it.each([
    ["zero", nothing],
    ["white", white],
  ] as const)("adds up to the torques less those at %s", async (baseline, start) => {
    const feeds = observation([x, q], 4);
    const [to, from] = [await run(feeds, "gradient"), await run(start, "gradient")];
    const expected = Array.from(to.torque!, (torque, j) => Math.sign(torque) * (torque - from.torque![j]!));
    const scale = Math.max(...expected.map(Math.abs));
    for (const depth of ["heatmap", "full", "per-torque"] as const) {
      const out = await run(feeds, `deeplift:baseline=${baseline}`, depth);
      const sum = total(out["torquelens.heatmap.image"]!) + total(out[RELEVANCE]!);
      expect(Math.abs(sum - total(expected)) / scale).toBeLessThan(1e-3);
      if (depth !== "per-torque") continue;
      expected.forEach((difference, j) => {
        const row =
          total(out["torquelens.torque_heatmap.image"]?.slice(64 * j, 64 * j + 64) ?? []) +
          total(out[TORQUES]!.slice(4 * j, 4 * j + 4));
        expect(Math.abs(row - difference) / scale).toBeLessThan(1e-3);
      });
    }
  });

  it("is finite and zero at the baseline, and finite near it", async () => {
    for (const value of Object.values(await run(nothing, "deeplift"))) expect(value.every(Number.isFinite)).toBe(true);
    const out = await run(nothing, "deeplift");
    expect(total(out["torquelens.heatmap.image"]!.map(Math.abs)) + total(out[RELEVANCE]!.map(Math.abs))).toBe(0);
    const near = {
      image: float32(new Float32Array(192).fill(1e-7), x.shape),
      configuration: float32([1e-7, 0, -1e-7, 1], q.shape),
    };
    for (const value of Object.values(await run(near, "deeplift"))) expect(value.every(Number.isFinite)).toBe(true);
  });
});

describe("deeplift", () => {
  it("is gradient × input where the network is linear", async () => {
    const subject = subjectOf([x, q], dense(b.concat([flat(b.conv(x, weights([4, 3, 3, 3], 1))), q], 1), 3, 4));
    const feeds = observation([x, q], 2);
    const [lift] = await explain(subject, feeds, { method: "deeplift" });
    const [plain] = await explain(subject, feeds, { method: "gradient-x-input" });
    expect(relativeError(lift!["torquelens.relevance.image"]!, plain!["torquelens.relevance.image"]!)).toBeLessThan(
      1e-5,
    );
  });

  it("reports where it takes the slope at the observation", () => {
    const grouped = apply("GroupNormalization", [maps, weights([4], 1), weights([4], 2)], { num_groups: 2 });
    const subject = subjectOf([x], dense(flat(grouped), 2, 3));
    const losing = compile({ ...subject, graph: { ...subject.graph, opset: 21 } }, { method: "deeplift" }).rules.filter(
      ({ loses }) => loses,
    );
    expect(losing.map(({ op }) => op)).toEqual(["GroupNormalization"]);
  });
});
