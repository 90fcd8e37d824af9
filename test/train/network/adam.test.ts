import { expect, test } from "vitest";
import { Adam, cosineRate } from "#src/train/network/adam.js";

test("Adam takes the steps of its paper on its range, with the mean of the workers' gradients", () => {
  const parameters = Float32Array.of(9, 1, -2, 9);
  const adam = new Adam(1, 3, 0.9, 0.999, 1e-8);
  // Means of the two workers' gradients: (2, −1), then (0, −3).
  adam.step(parameters, [Float32Array.of(7, 3, -1, 7), Float32Array.of(7, 1, -1, 7)], 0.1);
  // The first step is rate × sign(gradient), whatever the gradient's size.
  expect(parameters[1]).toBeCloseTo(0.9, 6);
  expect(parameters[2]).toBeCloseTo(-1.9, 6);
  adam.step(parameters, [Float32Array.of(7, 0, -2, 7), Float32Array.of(7, 0, -4, 7)], 0.1);
  // m = 0.9·0.2 = 0.18, v = 0.999·0.004 = 0.003996; corrected 0.18/0.19 and 0.003996/0.001999.
  expect(parameters[1]).toBeCloseTo(0.9 - (0.1 * (0.18 / 0.19)) / Math.sqrt(0.003996 / 0.001999), 6);
  // m = −(0.09 + 0.3), v = 0.000999 + 0.009.
  expect(parameters[2]).toBeCloseTo(-1.9 + (0.1 * (0.39 / 0.19)) / Math.sqrt(0.009999 / 0.001999), 6);
  expect([parameters[0], parameters[3]]).toEqual([9, 9]);
});

test("the learning rate warms up, peaks and ends at its final value", () => {
  const rates = Array.from({ length: 1000 }, (_, step) => cosineRate(step, 1000, 2, 50, 0.01));
  expect(rates[0]).toBeCloseTo(2 / 50, 3);
  expect(Math.max(...rates)).toBeLessThan(2);
  expect(rates.indexOf(Math.max(...rates))).toBe(49);
  expect(rates[999]).toBeCloseTo(0.02, 9);
  for (let step = 50; step < 1000; step++) expect(rates[step]).toBeLessThan(rates[step - 1]!);
});
