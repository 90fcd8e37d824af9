import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimate } from "#src/analysis/bootstrap.js";
import { cosine, ranks, spearman, structuralSimilarity } from "#src/analysis/similarity.js";
import { randoms } from "../evaluate.js";

describe("cosine", () => {
  it("is right for vectors with known angles", () => {
    expect(cosine([1, 0], [0, 3])).toBe(0);
    expect(cosine([1, 2], [-2, -4])).toBeCloseTo(-1, 12);
    expect(cosine([1, 0], [1, 1])).toBeCloseTo(Math.SQRT1_2, 12);
    expect(cosine([0, 0], [1, 1])).toBeNaN();
  });
});

describe("Spearman's rank correlation", () => {
  it("is 1 − 6 Σd² / (n (n² − 1)) without ties", () => {
    // d = 1, 1, 0, 2, 2: 1 − 6 · 10 / 120
    expect(spearman([10, 20, 30, 40, 50], [2, 1, 3, 60, 4].map(Math.log))).toBeCloseTo(0.8, 12);
    expect(spearman([1, 2, 3, 4, 5], [2, 1, 3, 6, 4])).toBeCloseTo(1 - (6 * 4) / 120, 12);
  });

  it("gives ties their mean rank", () => {
    expect(Array.from(ranks([5, 1, 5, 5, 0]))).toEqual([4, 2, 4, 4, 1]);
    // Pearson's correlation of the ranks (1.5, 1.5, 3) and (1, 2, 3), by hand.
    expect(spearman([1, 1, 2], [1, 2, 3])).toBeCloseTo(1.5 / Math.sqrt(1.5 * 2), 12);
    expect(spearman([1, 1], [1, 2])).toBeNaN();
  });

  it("depends on order alone", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -500, max: 500 }), { minLength: 3 }), (values) => {
        expect(
          spearman(
            values,
            values.map((x) => x ** 3 + 7),
          ),
        ).toBeCloseTo(1, 9);
        expect(
          spearman(
            values,
            values.map((x) => -x),
          ),
        ).toBeCloseTo(-1, 9);
      }),
      { numRuns: 50 },
    );
  });
});

describe("structural similarity", () => {
  const [a, b] = [randoms(9 * 8, 1), randoms(9 * 8, 2)];

  it("is the formula of Wang et al., window by window", () => {
    const largest = (x: ArrayLike<number>) => Math.max(...Array.from(x, Math.abs));
    const scaled = [a, b].map((x) => Array.from(x, (value) => value / largest(x))) as [number[], number[]];
    const average = (x: readonly number[]) => x.reduce((sum, value) => sum + value, 0) / x.length;
    const [c1, c2] = [0.0004, 0.0036];
    const windows: number[] = [];
    for (const top of [0, 1])
      for (const left of [0, 1, 2]) {
        const cut = (x: readonly number[]) =>
          x.filter((_, i) => {
            const [row, column] = [Math.floor(i / 9) - top, (i % 9) - left];
            return row >= 0 && row < 7 && column >= 0 && column < 7;
          });
        const [x, y] = scaled.map(cut) as [number[], number[]];
        const [mx, my] = [average(x), average(y)];
        const over = (p: readonly number[], mp: number, q: readonly number[], mq: number) =>
          average(p.map((value, i) => (value - mp) * (q[i]! - mq)));
        const alike = (2 * mx * my + c1) * (2 * over(x, mx, y, my) + c2);
        windows.push(alike / ((mx * mx + my * my + c1) * (over(x, mx, x, mx) + over(y, my, y, my) + c2)));
      }
    expect(structuralSimilarity(a, b, 9, 8)).toBeCloseTo(average(windows), 10);
  });

  it("is 1 for scaled copies of an image, and rejects images smaller than a window", () => {
    expect(
      structuralSimilarity(
        a,
        a.map((x) => 5 * x),
        9,
        8,
      ),
    ).toBeCloseTo(1, 6);
    expect(() => structuralSimilarity(a, b, 12, 6)).toThrow("12×6");
  });
});

describe("estimate", () => {
  it("leaves out NaN, and counts the rest", () => {
    const { mean, interval, count } = estimate([1, Number.NaN, 3]);
    expect([mean, count]).toEqual([2, 2]);
    expect(interval).toEqual([1, 3]);
    expect(estimate([4])).toEqual({ mean: 4, interval: undefined, count: 1 });
    expect(estimate([])).toEqual({ mean: Number.NaN, interval: undefined, count: 0 });
  });

  it("is about ± 2 standard errors wide for many values", () => {
    const values = Array.from(randoms(400, 5, -1, 1));
    const [low, high] = estimate(values).interval!;
    // Uniform in −1..1: standard error √(1/3)/20.
    expect((high - low) / (2 * 1.96 * (Math.sqrt(1 / 3) / 20))).toBeCloseTo(1, 1);
  });
});
