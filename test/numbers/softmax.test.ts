import { expect, it } from "vitest";
import { largestOf, softmax } from "#src/numbers/softmax.js";

it("gives probabilities that do not overflow", () => {
  expect([...softmax([Math.log(1), Math.log(3)])]).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)]);
  expect([...softmax(Float32Array.of(1000, 1000))]).toEqual([0.5, 0.5]);
});

it("finds the first of the largest", () => {
  expect(largestOf(Float32Array.of(1, 3, 3, 2))).toBe(1);
});
