import { expect, it } from "vitest";
import { align } from "#src/analysis/why/align.js";

const run = (...values: number[]) => values.map((value) => [value, -2 * value]);

it("finds the same phase in a run that is slower", () => {
  const fast = run(0, 1, 2, 3, 4);
  const slow = run(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4);
  const { ticks } = align(fast, slow);
  for (const [i, k] of ticks.entries()) expect(Math.abs(k - 2 * i)).toBeLessThanOrEqual(1);
});

it("need not come to the end of a run that went on", () => {
  const { ticks, distance } = align(run(0, 1, 2, 2, 2), run(0, 1, 2, 3, 4, 5));
  expect(ticks).toEqual([0, 1, 2, 2, 2]);
  expect(distance).toBeCloseTo(0, 9);
});

it("is as far as the exhaustive best path, for short runs", () => {
  const [a, b] = [run(0, 2, 1), run(0, 1, 3, 1)];
  const scale = [1 / 3, 1 / 6];
  const apart = (i: number, k: number) => Math.hypot(...[0, 1].map((j) => (a[i]![j]! - b[k]![j]!) * scale[j]!));
  const best = (i: number, k: number): number => {
    const before = [
      [i - 1, k - 1],
      [i - 1, k],
      [i, k - 1],
    ].filter(([x, y]) => x! >= 0 && y! >= 0);
    return apart(i, k) + (before.length > 0 ? Math.min(...before.map(([x, y]) => best(x!, y!))) : 0);
  };
  expect(align(a, b).distance * a.length).toBeCloseTo(Math.min(...b.map((_, k) => best(a.length - 1, k))), 9);
});
