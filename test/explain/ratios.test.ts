import { expect, it } from "vitest";
import { ratiosOf } from "#src/explain/ratios.js";
import { QUANTITIES } from "#src/policy/card-schema.js";
import type { Modality } from "#src/policy/modalities.js";

const modalities = [
  { kind: "image" },
  { kind: "image" },
  ...QUANTITIES.map((quantity) => ({ kind: "values", quantity })),
] as unknown as readonly Modality[];

it("sums shares of images, positions and velocities; previous actions and others count in none", () => {
  const shares = Float32Array.from([1, 2, 4, 8, 16, 32, 64, 128]);
  expect(QUANTITIES).toHaveLength(6);
  expect(ratiosOf(modalities, shares)).toEqual({ image: 3, position: 20, velocity: 40, configuration: 60 });
});

it("are NaN where no shares were computed", () => {
  const { NaN: none } = Number;
  const shares = new Float32Array(modalities.length).fill(none);
  expect(ratiosOf(modalities, shares)).toEqual({ image: none, position: none, velocity: none, configuration: none });
});
