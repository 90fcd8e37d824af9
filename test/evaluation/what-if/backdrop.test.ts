import { expect, it } from "vitest";
import { Backdrop } from "#src/evaluation/what-if/backdrop.js";

const grey = (...values: number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]));

it("has what was seen last where the arm is, and the nearest known colour where it always was", () => {
  const backdrop = new Backdrop();
  backdrop.add(Uint8Array.of(1, 0, 1, 2), grey(9, 20, 9, 40));
  backdrop.add(Uint8Array.of(0, 1, 1, 0), grey(10, 9, 9, 50));
  expect(backdrop.picture(12)).toEqual(grey(10, 20, 20, 50));
  expect(backdrop.picture(3)).toEqual(grey(0));
});
