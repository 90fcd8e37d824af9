import { expect, it } from "vitest";
import { applied, ridge } from "#src/detectors/ridge.js";

it("fits a plane exactly without a penalty, and shrinks it with one", () => {
  const rows = Array.from({ length: 30 }, (_, i) => Float64Array.of(Math.sin(i), Math.cos(3 * i), i % 7));
  const outputs = rows.map(([a, b, c]) => Float64Array.of(2 * a! - b! + 0.5 * c! + 3, c! - a!));
  const exact = ridge(rows, outputs, 0);
  for (const [i, row] of rows.entries())
    for (const [j, value] of applied(exact, row).entries()) expect(value).toBeCloseTo(outputs[i]![j]!, 6);
  const size = (penalty: number) => Math.hypot(...ridge(rows, outputs, penalty).weights);
  expect(size(10)).toBeLessThan(size(1));
  expect(size(1)).toBeLessThan(size(0));
});

it("ignores features that do not change", () => {
  const rows = [0, 1, 2, 3].map((x) => Float64Array.of(x, 5));
  const fit = ridge(
    rows,
    [0, 2, 4, 6].map((y) => Float64Array.of(y)),
    0,
  );
  expect(applied(fit, Float64Array.of(10, 5))[0]).toBeCloseTo(20, 6);
});
