import { describe, expect, it } from "vitest";
import { mean, meanStd } from "#src/numbers/mean.js";

describe("mean and standard deviation", () => {
  it("leave NaN out", () => {
    expect(mean([1, Number.NaN, 3])).toBe(2);
    expect(meanStd([1, Number.NaN, 3])).toEqual({ mean: 2, std: Math.SQRT2 });
    expect(meanStd([{ x: 1 }, { x: 2 }, { x: 3 }], ({ x }) => x)).toEqual({ mean: 2, std: 1 });
  });

  it("are NaN of too few values", () => {
    expect(mean([])).toBeNaN();
    expect(meanStd([4])).toEqual({ mean: 4, std: Number.NaN });
  });
});
