import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { GOLDEN, netA, numbers } from "../../golden.js";
import { networkOf, type Spec, specs } from "../networks.js";
import { GATES, policyOfMlp, randomMlp, slowGradient } from "../slow-mlp.js";
import { configuration, DEPTHS, dense, explain, image, observation, subjectOf, total, weights } from "../subjects.js";

const METHODS = {
  gradient: { raw: "gradient", times: "gradient-x-input", gates: GATES.gradient },
  "guided-backprop": { raw: "guided-backprop:raw=true", times: "guided-backprop", gates: GATES.guided },
  "guided-backprop along edges": {
    raw: "guided-backprop:gate=edge,raw=true",
    times: "guided-backprop:gate=edge",
    gates: GATES.edges,
  },
  deconvnet: { raw: "deconvnet:raw=true", times: "deconvnet", gates: GATES.rectified },
} as const;

describe.each(Object.entries(METHODS))("%s against explicit matrices", (_, { raw, times, gates }) => {
  it.each([1, 2, 3, 4, 5])("seed %i", async (seed) => {
    const mlp = randomMlp([5, 7, 6, 3], seed);
    const x = randoms(5, 50 + seed);
    const alpha = [0.4, 1, 1.6];
    const rows = slowGradient(mlp, x, gates);
    const feeds = { configuration: float32(x, [1, 5]) };
    for (const [method, factor] of [
      [raw, () => 1],
      [times, (i: number) => x[i]!],
    ] as const) {
      const [out] = await explain(policyOfMlp(mlp), feeds, { method, importances: [alpha] });
      const expected = rows.map((row) => row.map((g, i) => g * factor(i)));
      expect(
        relativeError(
          out!["torquelens.torque_relevance.configuration"]!,
          expected.flatMap((r) => [...r]),
        ),
      ).toBeLessThan(1e-5);
      const weighted = expected[0]!.map((__, i) => alpha.reduce((sum, a, j) => sum + a * expected[j]![i]!, 0));
      expect(relativeError(out!["torquelens.relevance.configuration"]!, weighted)).toBeLessThan(1e-5);
    }
  });
});

describe("golden vectors of net A", () => {
  const feeds = { image: float32(numbers(GOLDEN.x), [1, 3, 4, 4]) };
  const signs = numbers(GOLDEN.y).map(Math.sign);
  for (const k of [0, 1] as const) {
    const importances = [[Number(k === 0), Number(k === 1)]];
    it(`torque ${k}: gradient`, async () => {
      const [out] = await explain(netA(), feeds, { method: "gradient", importances });
      const expected = numbers(GOLDEN[`k${k}`].gradient!).map((g) => g * signs[k]!);
      expect(relativeError(out!["torquelens.relevance.image"]!, expected)).toBeLessThan(1e-5);
    });

    it(`torque ${k}: guided backprop (Zennit)`, async () => {
      const [out] = await explain(netA(), feeds, { method: "guided-backprop:raw=true", importances });
      const expected = numbers(GOLDEN[`k${k}`]["gbp_seed_sign(y)"]!);
      expect(relativeError(out!["torquelens.relevance.image"]!, expected)).toBeLessThan(1e-5);
    });
  }
});

/** Networks of degree one in their inputs: f(x) = ∇f(x)·x. */
const homogeneous = specs.map(
  (spec): Spec => ({
    ...spec,
    biased: false,
    reference: "zero",
    standardised: false,
    pixels: spec.pixels === "standardised" ? "scaled" : spec.pixels,
    activation: spec.activation === "Tanh" ? "LeakyRelu" : spec.activation,
    join: spec.join === "points" || spec.join === "points by sums" ? "mean" : spec.join,
    squash: "none",
  }),
);

describe("gradient-x-input", () => {
  it("adds up to the torques without biases, per torque and weighted", async () => {
    await fc.assert(
      fc.asyncProperty(homogeneous, fc.nat(1000), async (spec, seed) => {
        const { subject, feeds } = networkOf(spec);
        const alpha = randoms(spec.torques, seed, 0, 2);
        const [out] = await explain(subject, feeds(seed), {
          method: "gradient-x-input",
          depth: "per-torque",
          importances: [alpha],
        });
        expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-3);
        const pixels = out!["torquelens.torque_heatmap.image"]!;
        const values = out!["torquelens.torque_relevance.configuration"]!;
        const largest = Math.max(...out!.torque!.map(Math.abs));
        out!.torque!.forEach((torque, j) => {
          const row = (all: Float32Array) =>
            total(all.slice((j * all.length) / spec.torques, ((j + 1) * all.length) / spec.torques));
          expect(Math.abs(row(pixels) + row(values) - Math.abs(torque))).toBeLessThan(1e-3 * largest + 1e-6);
        });
      }),
      { numRuns: 25, seed: 11 },
    );
  });

  it("is measured from the reference", async () => {
    const q = configuration(3);
    const w = [1, -2, 3];
    const reference = [0.5, 0.25, -1];
    const modality = {
      kind: "values",
      name: "joint_position",
      input: "configuration",
      start: 0,
      size: 3,
      reference: { kind: "values", values: reference },
    } as const;
    const x = [2, 1, -3];
    const [out] = await explain(
      subjectOf([q], dense(q, 1, w), [modality]),
      { configuration: float32(x, [1, 3]) },
      { method: "gradient-x-input" },
    );
    const expected = x.map((value, i) => -(value - reference[i]!) * w[i]!);
    expect(Array.from(out!["torquelens.relevance.configuration"]!)).toEqual(expected);
  });

  it("gives tokens the relevance of their embeddings", async () => {
    const tokens = b.input("tokens", "int64", [1, 3]);
    const table = weights([6, 4], 3);
    const embedded = apply("Gather", [table, tokens], { axis: 0 });
    const w = weights([12, 1], 4);
    const torque = b.matmul(b.reshape(embedded, [1, 12]), w);
    const ids = [4, 0, 4];
    const [out] = await explain(
      subjectOf([tokens], torque),
      { tokens: { dtype: "int64", shape: [1, 3], data: BigInt64Array.from(ids, BigInt) } },
      { method: "gradient-x-input" },
    );
    const parts = ids.map((id, t) => {
      let sum = 0;
      for (let d = 0; d < 4; d++) sum += table.literal!.numbers()[4 * id + d]! * w.literal!.numbers()[4 * t + d]!;
      return sum;
    });
    const sign = Math.sign(total(parts));
    expect(
      relativeError(
        out!["torquelens.relevance.tokens"]!,
        parts.map((p) => p * sign),
      ),
    ).toBeLessThan(1e-5);
  });
});

describe.each(Object.values(METHODS).flatMap(({ raw, times }) => [raw, times]))("%s", (method) => {
  const x = image("image", [1, 3, 8, 8]);
  const q = configuration(4);
  const maps = b.relu(b.conv(b.relu(b.conv(x, weights([4, 3, 3, 3], 1))), weights([4, 4, 3, 3], 2)));
  const pooled = apply("MaxPool", [maps], { kernel_shape: [2, 2], strides: [2, 2] });
  const points = b.reshape(b.matmul(b.softmax(b.reshape(maps, [4, 16])), weights([16, 2], 3)), [1, 8]);
  const gates = apply("Clip", [dense(q, 4, 6), b.scalar(0), b.scalar(6)]);
  const joined = b.concat([b.reshape(pooled, [1, 16]), points, b.mul(gates, b.sigmoid(q))], 1);
  const subject = subjectOf([x, q], dense(b.tanh(dense(joined, 5, 4)), 3, 5));

  it.each(DEPTHS)("is finite on zeros and ties at depth %s, and the same weighted as summed", async (depth) => {
    const seen = {
      random: observation([x, q]),
      zeros: { image: float32(new Float32Array(192), x.shape), configuration: float32(new Float32Array(4), q.shape) },
      ties: { image: float32(new Float32Array(192).fill(0.5), x.shape), configuration: float32([1, 1, 1, 1], q.shape) },
    };
    for (const [what, feeds] of Object.entries(seen)) {
      const alpha = [0.5, 1, 1.5];
      const [all, ...each] = await explain(subject, feeds, {
        method,
        depth,
        importances: [alpha, [1, 0, 0], [0, 1, 0], [0, 0, 1]],
      });
      for (const [name, values] of Object.entries(all!))
        expect(values.every(Number.isFinite), `${what} ${name}`).toBe(true);
      for (const name of ["torquelens.relevance.configuration", "torquelens.heatmap.image"]) {
        if (!all![name]) continue;
        const summed = all![name].map((_, i) => each.reduce((sum, out, j) => sum + alpha[j]! * out[name]![i]!, 0));
        expect(relativeError(all![name], summed), `${what} ${name}`).toBeLessThan(1e-4);
      }
    }
  });
});
