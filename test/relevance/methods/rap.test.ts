import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { imageBox, influence, influential } from "#src/relevance/rules/layer/rap-rules.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { GOLDEN, netA, netB, numbers } from "../../golden.js";
import * as oracle from "../dense-oracle.js";
import { LAYERS } from "../layers.js";
import { anyValues, compare, SEEDS, zeros } from "../matrices.js";
import { configuration, DEPTHS, dense, explain, image, subjectOf, total } from "../subjects.js";

const isMean = (name: string) => /Pool|Reduce/.test(name);

describe.each(Object.entries(LAYERS).filter(([name]) => !isMean(name)))("%s against explicit matrices", (_, layer) => {
  const { shape } = layer;
  const size = sizeOf(shape);
  const input = anyValues(zeros(shape));

  it("influence: |τ| by |xw|, which is what the authors' spread of the bias leaves", async () => {
    for (const seed of SEEDS) {
      const values = randoms(size, 50 + seed);
      await compare(influence, layer, seed, { input, values, signed: true, expected: oracle.influence });
      const spread = { input, values, signed: true, expected: oracle.influenceWithBias, tolerance: 1e-4 };
      await compare(influence, layer, seed, spread);
    }
  });

  it("hidden, inputs and relevance of either sign", async () => {
    for (const seed of SEEDS) {
      const values = randoms(size, 50 + seed);
      await compare(influential, layer, seed, { input, values, signed: true, expected: oracle.rap });
      const reference = randoms(size, 60 + seed);
      const seen = values.map((v, i) => v - reference[i]!);
      const shifted = { input: anyValues(reference), values, seen, signed: true, expected: oracle.rap };
      await compare(influential, layer, seed, shifted);
    }
  });

  it("hidden, behind a ReLU: what is silent or cut off gets nothing and is not counted", async () => {
    for (const seed of SEEDS) {
      const values = randoms(size, 50 + seed, -2, 1);
      const seen = values.map((v) => Math.max(v, 0));
      await compare(influential, layer, seed, {
        input,
        values,
        before: b.relu,
        seen,
        signed: true,
        expected: oracle.rap,
      });
    }
  });

  it("image box between the least and the greatest value", async () => {
    for (const [low, high] of [
      [0, 1],
      [-3, -1],
      [20, 30],
    ] as const) {
      const values = randoms(size, 50, low, high);
      const bound = (value: number) => new Float64Array(size).fill(value);
      await compare(imageBox, layer, 1, {
        input: { kind: "image", layout: "NCHW", range: [low - 1, high + 1] },
        values,
        signed: true,
        tolerance: 1e-4,
        expected: (given) => oracle.zBox(given, bound(Math.min(...values)), bound(Math.max(...values))),
      });
    }
  });
});

/** A dense layer for the oracle: weights of `subjects.dense`. */
const matrix = (seed: number, into: number, out: number) => {
  const w = randoms(into * out, seed);
  return Array.from({ length: out }, (_, j) => Float64Array.from({ length: into }, (_unused, i) => w[i * out + j]!));
};
const times = (m: readonly Float64Array[], x: ArrayLike<number>) =>
  Float64Array.from(m, (row) => row.reduce((sum, w, i) => sum + w * x[i]!, 0));
const rectified = (x: Float64Array) => x.map((v) => Math.max(v, 0));

describe("networks", () => {
  it("net A, the positive torque: the authors' code", async () => {
    const feeds = { image: float32(numbers(GOLDEN.x), [1, 3, 4, 4]) };
    const [out] = await explain(netA(), feeds, { method: "rap", importances: [[0, 1]] });
    const expected = numbers((GOLDEN as unknown as Record<string, number[][]>).rap_reference_seed_onehot_k![1]!);
    expect(relativeError(out!["torquelens.relevance.image"]!, expected)).toBeLessThan(1e-4);
    expect(total(out!["torquelens.relevance.image"]!)).toBeCloseTo(numbers(GOLDEN.y)[1]!, 4);
  });

  it("net A: flipping a torque's weights explains its negative alike", async () => {
    const feeds = { image: float32(numbers(GOLDEN.x), [1, 3, 4, 4]) };
    const plain = netA();
    const negated = b.neg(plain.graph.outputs.get("torque")!);
    const graph = { ...plain.graph, outputs: new Map([["torque", negated]]) };
    const [first] = await explain(plain, feeds, { method: "rap", importances: [[1, 0.5]] });
    const [second] = await explain({ ...plain, graph }, feeds, { method: "rap", importances: [[1, 0.5]] });
    const name = "torquelens.relevance.image";
    expect(relativeError(second![name]!, first![name]!)).toBeLessThan(1e-6);
    expect(first!["torquelens.residual"]![0]).toBeLessThan(1e-5);
  });

  it("several layers, a residual sum and signed inputs, each torque apart", async () => {
    const [n, hidden, torques] = [5, 6, 3];
    const x = configuration(n);
    const first = b.relu(dense(x, hidden, 1));
    const second = b.relu(dense(first, hidden, 2));
    const torque = dense(b.add(first, second), torques, 3);
    const values = randoms(n, 9);
    const alpha = [1, 0.5, 2];
    const feeds = { configuration: float32(values, [1, n]) };
    const [out] = await explain(subjectOf([x], torque), feeds, { method: "rap", importances: [alpha] });

    const [m1, m2, m3] = [matrix(1, n, hidden), matrix(2, hidden, hidden), matrix(3, hidden, torques)];
    const h1 = rectified(times(m1, values));
    const h2 = rectified(times(m2, h1));
    const joined = h1.map((v, i) => v + h2[i]!);
    const tau = times(m3, joined);
    const rows = Array.from(tau, (t, j) => {
      const r = oracle.influence({ m: [m3[j]!], b: [0], x: joined, r: [t] });
      const part = (h: Float64Array) =>
        r.map((amount, i) => (joined[i] === 0 ? amount / 2 : (amount * h[i]!) / joined[i]!));
      const through = oracle.rap({ m: m2, x: h1, r: part(h2) });
      const at = part(h1).map((amount, i) => amount + through[i]!);
      return oracle.rap({ m: m1, x: Float64Array.from(values), r: at });
    });
    expect(
      relativeError(
        out!["torquelens.torque_relevance.configuration"]!,
        rows.flatMap((row) => [...row]),
      ),
    ).toBeLessThan(2e-5);
    const weighted = Array.from(values, (_, i) => total(rows.map((row, j) => alpha[j]! * row[i]!)));
    expect(relativeError(out!["torquelens.relevance.configuration"]!, weighted)).toBeLessThan(2e-5);
    expect(total(weighted)).toBeCloseTo(total(Array.from(tau, (t, j) => alpha[j]! * Math.abs(t))), 6);
  });

  it("net B: points by mass, one shift for points and configuration together", async () => {
    const B = GOLDEN.netB;
    const shape = (key: string) =>
      [(B.weights[key] as number[][]).length, (B.weights[key] as number[][])[0]!.length] as const;
    const rowsOf = (key: string) =>
      Array.from({ length: shape(key)[0] }, (_, j) =>
        Float64Array.from({ length: shape(key)[1] }, (_unused, i) => (B.weights[key] as number[][])[j]![i]!),
      );
    const [m1, m2] = [rowsOf("fc1.w"), rowsOf("fc2.w")];
    const joined = Float64Array.from([...numbers(B.feature_points!), ...numbers(B.cfg!)]);
    const hidden = rectified(times(m1, joined));
    const tau = times(m2, hidden);
    const rows = Array.from(tau, (t, j) => {
      const r = oracle.influence({ m: [m2[j]!], b: [0], x: hidden, r: [t] });
      return oracle.rap({ m: m1, x: joined, r });
    });
    const feeds = {
      image: float32(numbers(B.x!), [1, 3, 6, 6]),
      configuration: float32(numbers(B.cfg!), [1, 3]),
    };
    for (const depth of DEPTHS) {
      const [out] = await explain(netB(), feeds, { method: "rap", depth, importances: [numbers(B.alpha!)] });
      const found = out!["torquelens.torque_relevance.configuration"]!;
      expect(
        relativeError(
          found,
          rows.flatMap((row) => [...row.slice(4)]),
        ),
      ).toBeLessThan(1e-4);
      if (depth === "shares") continue;
      const image = numbers(B.alpha!).map((a, j) => a * total(rows[j]!.slice(0, 4)));
      expect(total(out!["torquelens.heatmap.image"]!)).toBeCloseTo(total(image), 4);
      expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-4);
    }
  });

  it.each<[string, (x: Value) => Value, number[]]>([
    [
      "torques of their biases alone",
      (x) => b.add(dense(x, 2, [1, -2, 0.5, 1]), b.tensor("float32", [1, 2], [0.3, 0])),
      [1, 0],
    ],
    [
      "hidden units of their biases alone",
      (x) =>
        dense(b.relu(b.add(dense(x, 2, [1, -2, 0.5, 1]), b.tensor("float32", [1, 2], [0.3, 0]))), 2, [1, -2, 0.5, 1]),
      [1, 1],
    ],
  ])("reports %s, of which no input gets anything", async (_, policy, expected) => {
    const x = configuration(2);
    const subject = subjectOf([x], policy(x));
    for (const value of [0, 0.5]) {
      const feeds = { configuration: float32(new Float32Array([value, value]), [1, 2]) };
      const [out] = await explain(subject, feeds, { method: "rap" });
      expect([...out!["torquelens.empty_pool"]!]).toEqual(value === 0 ? expected : [0, 0]);
      expect(out!["torquelens.residual"]![0]).toBeCloseTo(value === 0 ? 1 : 0, 5);
    }
  });

  it("is finite on zeros, an image of one value, and torques of nothing but bias", async () => {
    const [picture, x] = [image(), configuration()];
    const features = b.relu(
      b.conv(
        picture,
        b.tensor("float32", [2, 3, 3, 3], randoms(54, 1, -0.5, 1)),
        {},
        b.tensor("float32", [2], [0.1, 0.2]),
      ),
    );
    const flat: Value = b.concat([apply("Flatten", [features]), x], 1);
    const hidden = b.relu(dense(flat, 5, 2));
    const torque = b.add(dense(hidden, 2, 3), b.tensor("float32", [1, 2], [0.3, -0.2]));
    for (const value of [0, 0.5, 1]) {
      const feeds = {
        image: float32(new Float32Array(108).fill(value), [1, 3, 6, 6]),
        configuration: float32(new Float32Array(4), [1, 4]),
      };
      const [out] = await explain(subjectOf([picture, x], torque), feeds, { method: "rap" });
      for (const [name, values] of Object.entries(out!)) expect(values.every(Number.isFinite), name).toBe(true);
      expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-4);
    }
  });
});
