import { expect, test } from "vitest";
import { DivergenceError, History } from "#src/train/history/history.js";

test("a curve's points are means of the steps since the previous point", () => {
  const history = new History();
  for (let step = 0; step < 250; step++) history.step("fit", step, 250, [step, 2 * step]);
  const [curve] = history.curves;
  expect(curve!.points).toHaveLength(84);
  expect(curve!.points[0]).toEqual([3, 1, 2]);
  expect(curve!.points[1]).toEqual([6, 4, 8]);
  expect(curve!.points[83]).toEqual([250, 249, 498]);
});

test("a loss that is not finite or a thousand times the fit's first is a divergence", () => {
  const history = new History();
  for (let step = 0; step < 20; step++) history.step("a", step, 100, [1e-3]);
  expect(() => history.step("a", 20, 100, [Number.NaN])).toThrow(
    new DivergenceError("a diverged at step 21 of 100: the loss is NaN"),
  );
  expect(() => history.step("a", 20, 100, [0.99])).not.toThrow();
  expect(() => history.step("a", 21, 100, [1.01])).toThrow(
    new DivergenceError("a diverged at step 22 of 100: the loss grew from 1.00e-3 to 1.01e+0"),
  );
  expect(() => history.step("b", 0, 100, [1.01])).not.toThrow();
});

test("a fit that begins with nothing to lower, as a student that is its teacher, may grow to ordinary losses", () => {
  const history = new History();
  history.step("distillation", 0, 100, [2.7e-14]);
  expect(() => history.step("distillation", 1, 100, [0.005])).not.toThrow();
  expect(() => history.step("distillation", 2, 100, [1.01])).toThrow(DivergenceError);
});
