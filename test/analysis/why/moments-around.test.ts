import { describe, expect, it } from "vitest";
import { momentsAround } from "#src/analysis/why/moments-around.js";

const at = (ticks: number, of: (i: number) => number[]) => Array.from({ length: ticks }, (_, i) => of(i));
const seconds = at(60, (i) => [i / 20]).map(([second]) => second!);
const still = at(60, () => [0]);

describe("ticks around a moment", () => {
  it("are where the arm moves and where shares change, beside the moment itself", () => {
    const poses = at(60, (i) => [i < 15 ? 0 : 1]);
    const tickShares = at(60, (i) => (i < 45 ? [0.9, 0.1] : [0.4, 0.6]));
    expect(momentsAround({ seconds, poses, tickShares }, 30, 3)).toEqual([15, 30, 45]);
    expect(momentsAround({ seconds, poses, tickShares: at(60, () => []) }, 30, 3)).toContain(15);
  });

  it("are apart from each other, and within a second and a half", () => {
    const poses = at(60, (i) => [i]);
    const chosen = momentsAround({ seconds, poses, tickShares: still }, 5, 6);
    expect(chosen).toHaveLength(6);
    expect(chosen).toContain(5);
    for (const [k, tick] of chosen.entries()) {
      expect(seconds[tick]!).toBeLessThanOrEqual(1.75);
      if (k > 0) expect(tick - chosen[k - 1]!).toBeGreaterThan(1);
    }
  });

  it("does not choose by shares that are no numbers", () => {
    const tickShares = at(60, (i) => [i === 10 ? Number.NaN : 0.5]);
    expect(momentsAround({ seconds, poses: at(60, (i) => [i < 40 ? 0 : 1]), tickShares }, 20, 2)).toEqual([20, 40]);
  });
});
