import { describe, expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import { eq1, eq2, flat, wSquare, zBox } from "#src/relevance/rules/layer/linear-rules.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../../../evaluate.js";
import * as oracle from "../../dense-oracle.js";
import { LAYERS } from "../../layers.js";
import { anyValues, compare, networkOf, ROWS, SEEDS, zeros } from "../../matrices.js";

describe.each(Object.entries(LAYERS))("%s against explicit matrices", (_, layerCase) => {
  const { shape } = layerCase;
  const size = sizeOf(shape);
  const each = (run: (seed: number) => Promise<void>) => async () => {
    for (const seed of SEEDS) await run(seed);
  };

  it(
    "eq2, inputs of either sign",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(eq2, layerCase, seed, { input: anyValues(zeros(shape)), values, expected: oracle.eq2 });
    }),
  );

  it(
    "eq2 behind a ReLU, many inputs zero",
    each((seed) => {
      const values = randoms(size, 50 + seed, -2, 1);
      const seen = values.map((v) => Math.max(v, 0));
      return compare(eq2, layerCase, seed, {
        input: anyValues(zeros(shape)),
        values,
        before: b.relu,
        seen,
        expected: oracle.eq2,
      });
    }),
  );

  it(
    "eq2, all inputs silent",
    each((seed) =>
      compare(eq2, layerCase, seed, { input: anyValues(zeros(shape)), values: zeros(shape), expected: oracle.eq2 }),
    ),
  );

  it(
    "eq2 before a ReLU, which keeps what has no positive weight",
    each(async (seed) => {
      const seen = randoms(size, 70 + seed, 0, 1);
      const settings = { input: anyValues(zeros(shape)), values: seen, after: b.relu };
      await compare(eq2, layerCase, seed, { ...settings, expected: oracle.rectifiedEq2 });
    }),
  );

  it(
    "eq2 relative to a reference",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      const reference = randoms(size, 60 + seed);
      const seen = values.map((v, i) => v - reference[i]!);
      return compare(eq2, layerCase, seed, { input: anyValues(reference), values, seen, expected: oracle.eq2 });
    }),
  );

  it(
    "eq1, torques of either sign",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(eq1, layerCase, seed, {
        input: anyValues(zeros(shape)),
        values,
        signed: true,
        expected: oracle.eq1,
      });
    }),
  );

  it(
    "eq1 behind a ReLU with pools that are empty",
    each((seed) => {
      const values = zeros(shape);
      values[seed % size] = 1;
      return compare(eq1, layerCase, seed, {
        input: anyValues(zeros(shape)),
        values,
        before: b.relu,
        signed: true,
        expected: oracle.eq1,
      });
    }),
  );

  it.each([
    [0, 1],
    [-1, 1],
    [-3, -1],
    [0, 255],
    [20, 30],
  ] as const)("zBox, range [%d, %d]", async (low, high) => {
    for (const seed of SEEDS) {
      const values = randoms(size, 50 + seed, low, high);
      const bound = (value: number) => new Float64Array(size).fill(value);
      await compare(zBox, layerCase, seed, {
        input: { kind: "image", layout: "NCHW", range: [low, high] },
        values,
        expected: (given) => oracle.zBox(given, bound(low), bound(high)),
      });
    }
  });

  it(
    "wSquare",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(wSquare, layerCase, seed, { input: anyValues(zeros(shape)), values, expected: oracle.wSquare });
    }),
  );

  it(
    "flat",
    each((seed) => {
      const values = randoms(size, 50 + seed);
      return compare(flat, layerCase, seed, { input: anyValues(zeros(shape)), values, expected: oracle.flat });
    }),
  );

  it("linear in the relevance: rows do not mix", async () => {
    const { x, y, layer, context } = networkOf(layerCase, 1, anyValues(zeros(shape)), (v) => v);
    const values = randoms(size, 51);
    const row = randoms(sizeOf(y.shape), 7, 0, 1);
    const amounts = Float32Array.from([...row, ...row.map(() => 0), ...row.map((r) => 2 * r)]);
    const amount = b.input("amount", "float32", [ROWS, ...y.shape]);
    const { out } = await evaluate(
      [x, amount],
      { out: eq2(layer, amount, context) },
      { x: float32(values, shape), amount: float32(amounts, amount.shape) },
    );
    const part = (k: number) => out!.slice(k * size, (k + 1) * size);
    expect(part(1).every((v) => v === 0)).toBe(true);
    expect(
      relativeError(
        part(2),
        part(0).map((v) => 2 * v),
      ),
    ).toBeLessThan(1e-6);
  });
});
