import { expect, it } from "vitest";
import { MassMeter } from "#src/reproduction/kim-choi/relevance-mass.js";

it("relevance mass is the part of Σ|R| on each label, averaged over ticks", () => {
  const meter = new MassMeter();
  const segmentation = Uint8Array.of(0, 1, 1, 2);
  meter.add({ data: Float32Array.of(1, -2, 1, 4) }, segmentation);
  meter.add({ data: Float32Array.of(0, 0, 0, 3) }, segmentation);
  // Without relevance there is nothing to tell.
  meter.add({ data: new Float32Array(4) }, segmentation);
  const { relevance, area, ticks } = meter.result();
  expect(ticks).toBe(2);
  expect(relevance).toEqual({ background: 1 / 16, arm: 3 / 16, target: 12 / 16 });
  expect(area).toEqual({ background: 0.25, arm: 0.5, target: 0.25 });
});
