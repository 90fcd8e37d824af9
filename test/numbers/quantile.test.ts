import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, nearestRank, quantile, upperMedian } from "#src/numbers/quantile.js";

describe("quantile", () => {
  it("interpolates between order statistics", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 0], 0.05)).toBe(0.5);
    expect(quantile([Number.NaN, 7], 0.99)).toBe(7);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe("nearest rank", () => {
  it("is a value that the part does not exceed", () => {
    expect([0, 0.25, 0.26, 0.5, 0.99, 1].map((part) => nearestRank([4, 1, 3, 2], part))).toEqual([1, 1, 2, 2, 4, 4]);
    expect(nearestRank([], 0.5)).toBeNaN();
  });
});

describe("median", () => {
  it("is the middle value, or the mean of the middle two", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([Number.NaN, 5])).toBe(5);
    expect(median([])).toBeNaN();
  });

  it("agrees with the interpolated quantile", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        expect(median(values)).toBeCloseTo(quantile(values, 0.5), 12);
      }),
    );
  });
});

describe("upper median", () => {
  it("is the larger of the middle two", () => {
    expect(upperMedian([4, 1, 3, 2])).toBe(3);
    expect(upperMedian([3, 1, 2])).toBe(2);
    expect(upperMedian([])).toBeNaN();
  });
});
