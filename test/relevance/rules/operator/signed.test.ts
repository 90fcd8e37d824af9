import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../../evaluate.js";
import * as oracle from "../../dense-oracle.js";
import { configuration, explain, subjectOf, total, weights } from "../../subjects.js";

const SIZE = 5;
const KEPT = { epsilon: 1e-6, bias: "absorb" } as const;
const matrix = (seed: number, out: number) =>
  Array.from({ length: out }, (_, j) =>
    Float64Array.from({ length: SIZE }, (_unused, i) => randoms(SIZE * out, seed)[i * out + j]!),
  );
const layer = (x: Value, seed: number, out = SIZE) => b.matmul(x, weights([SIZE, out], seed));
const times = (m: readonly Float64Array[], x: ArrayLike<number>) =>
  Float64Array.from(m, (row) => row.reduce((sum, w, i) => sum + w * x[i]!, 0));
const epsilon = (m: readonly Float64Array[], x: Float64Array, r: ArrayLike<number>) =>
  oracle.epsilonRule({ m, b: new Float64Array(m.length), x, r }, KEPT);

/** Two layers of x that meet in `join`, then one torque: what reaches x. */
async function joined(join: (a: Value, c: Value) => Value, values: Float32Array): Promise<Float32Array> {
  const x = configuration(SIZE);
  const torque = layer(join(layer(x, 1), layer(x, 2)), 3, 1);
  const feeds = { configuration: float32(values, [1, SIZE]) };
  const [out] = await explain(subjectOf([x], torque), feeds, { method: "lrp-epsilon" });
  return out!["torquelens.relevance.configuration"]!;
}

/** The same by matrices: `parts` are what the operands take of the joined value's relevance. */
function expected(
  values: Float32Array,
  join: (a: number, c: number) => number,
  parts: (a: number, c: number) => readonly [number, number],
): Float64Array {
  const x = Float64Array.from(values);
  const [m, n, last] = [matrix(1, SIZE), matrix(2, SIZE), matrix(3, 1)];
  const [a, c] = [times(m, x), times(n, x)];
  const y = a.map((value, i) => join(value, c[i]!));
  const r = epsilon(last, y, [Math.abs(times(last, y)[0]!)]);
  const share = (k: 0 | 1) => r.map((amount, i) => amount * parts(a[i]!, c[i]!)[k]);
  const other = epsilon(n, x, share(1));
  return epsilon(m, x, share(0)).map((value, i) => value + other[i]!);
}

describe("operators of signed relevance", () => {
  const values = randoms(SIZE, 8);

  it("a sum shares in proportion to its operands, signs and all", async () => {
    const found = await joined(b.add, values);
    const sum = expected(
      values,
      (a, c) => a + c,
      (a, c) => [a / (a + c), c / (a + c)],
    );
    expect(relativeError(found, sum)).toBeLessThan(2e-5);
  });

  it("a difference likewise", async () => {
    const found = await joined(b.sub, values);
    const difference = expected(
      values,
      (a, c) => a - c,
      (a, c) => [a / (a - c), -c / (a - c)],
    );
    expect(relativeError(found, difference)).toBeLessThan(2e-5);
  });

  it("two signals of a product take halves, a gate nothing", async () => {
    const product = expected(
      values,
      (a, c) => a * c,
      () => [0.5, 0.5],
    );
    expect(relativeError(await joined(b.mul, values), product)).toBeLessThan(2e-5);
    const gated = expected(
      values,
      (a, c) => a / (1 + Math.exp(-c)),
      () => [1, 0],
    );
    const found = await joined((a, c) => b.mul(a, b.sigmoid(c)), values);
    expect(relativeError(found, gated)).toBeLessThan(2e-5);
  });

  it.each<readonly [string, (y: Value) => Value]>([
    ["negation", b.neg],
    ["a negative factor behind a clip", (y) => b.mul(apply("Clip", [y, b.scalar(-9), b.scalar(9)]), -2)],
    ["a negative divisor behind a clip", (y) => b.div(apply("Clip", [y, b.scalar(-9), b.scalar(9)]), -4)],
  ])("%s of the torque turns nothing: relevance above zero speaks for the torque", async (_, last) => {
    const x = configuration(SIZE);
    const torque = last(layer(x, 3, 1));
    const [out] = await explain(
      subjectOf([x], torque),
      { configuration: float32(values, [1, SIZE]) },
      { method: "lrp-epsilon" },
    );
    const m = matrix(3, 1);
    const y = times(m, values)[0]!;
    const share = Array.from(values, (v, i) => ((v * m[0]![i]!) / y) * Math.abs(out!.torque![0]!));
    expect(relativeError(out!["torquelens.relevance.configuration"]!, share)).toBeLessThan(2e-5);
  });

  it("is finite where a sum cancels and where all is zero", async () => {
    for (const x of [values, new Float32Array(SIZE)]) {
      const found = await joined((a) => b.sub(a, a), x);
      expect(found.every(Number.isFinite)).toBe(true);
    }
  });

  it.each(["absorb", "ignore"] as const)("a normalisation is linear for its σ; its shift: %s", async (bias) => {
    const x = configuration(SIZE);
    const [scale, shift] = [randoms(SIZE, 4, -2, 2), randoms(SIZE, 5)];
    const [gain, offset] = [scale, shift].map((parameter) => b.tensor("float32", [SIZE], parameter));
    const hidden = b.relu(layer(x, 1));
    const torque = layer(apply("LayerNormalization", [hidden, gain!, offset!]), 3, 1);
    const feeds = { configuration: float32(values, [1, SIZE]) };
    const [out] = await explain(subjectOf([x], torque), feeds, { method: `lrp-epsilon:bias=${bias}` });

    const h = times(matrix(1, SIZE), values).map((v) => Math.max(v, 0));
    const mean = total(h) / SIZE;
    const deviation = Math.sqrt(total(h.map((v) => (v - mean) ** 2)) / SIZE + 1e-5);
    const y = h.map((v, i) => ((v - mean) / deviation) * scale[i]! + shift[i]!);
    const tau = times(matrix(3, 1), y)[0]!;
    const r = epsilon(matrix(3, 1), y, [Math.abs(tau)]);
    const slope = r.map(
      (amount, i) => ((amount / (bias === "absorb" ? y[i]! : y[i]! - shift[i]!)) * scale[i]!) / deviation,
    );
    const back = h.map((v, i) => v * (slope[i]! - total(slope) / SIZE));
    const found = out!["torquelens.relevance.configuration"]!;
    expect(relativeError(found, epsilon(matrix(1, SIZE), Float64Array.from(values), back))).toBeLessThan(1e-4);
    if (bias === "ignore") expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-4);
  });

  it.each(["absorb", "ignore"] as const)("a constant that no layer holds: %s", async (bias) => {
    const x = configuration(SIZE);
    const table = randoms(SIZE, 6);
    const tokens = b.add(b.reshape(layer(x, 1), [SIZE, 1]), b.tensor("float32", [SIZE, 1], table));
    const torque = layer(b.reshape(tokens, [1, SIZE]), 3, 1);
    const feeds = { configuration: float32(values, [1, SIZE]) };
    const [out] = await explain(subjectOf([x], torque), feeds, { method: `lrp-epsilon:bias=${bias}` });

    const a = times(matrix(1, SIZE), values);
    const y = a.map((v, i) => v + table[i]!);
    const r = epsilon(matrix(3, 1), y, [Math.abs(times(matrix(3, 1), y)[0]!)]);
    const part = bias === "absorb" ? r.map((amount, i) => (amount * a[i]!) / y[i]!) : r;
    const found = out!["torquelens.relevance.configuration"]!;
    expect(relativeError(found, epsilon(matrix(1, SIZE), Float64Array.from(values), part))).toBeLessThan(1e-4);
  });
});
