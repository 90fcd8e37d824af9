import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blurred } from "#src/evaluation/saliency/blur.js";
import {
  divergence,
  type Measured,
  measured,
  overFrames,
  scanpathSaliency,
  shuffledAuc,
} from "#src/evaluation/saliency/measures.js";

interface Case extends Measured {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly map: number[];
  readonly fixations: number[];
  readonly others: number[];
}

const { cases } = JSON.parse(readFileSync(new URL("../../data/reference/saliency.json", import.meta.url), "utf8")) as {
  readonly cases: Case[];
};

/** Relative to the size of the value, at least of 1. */
const close = (found: number, wanted: number) =>
  expect(Math.abs(found - wanted) / Math.max(1, Math.abs(wanted))).toBeLessThan(1e-9);

describe("measures of saliency", () => {
  it.each(cases)("are SciPy’s on random maps: $name", ({ map, fixations, others, nss, kl, sauc, ...extent }) => {
    const found = measured(map, fixations, others, extent);
    close(found.nss, nss);
    close(found.kl, kl);
    close(found.sauc, sauc);
  });

  const SIZE = { width: 3, height: 2 };
  const FIXED = [0, 0, 1, 0, 0, 0];
  const OTHERS = [1, 0, 0, 2, 0, 0];

  it("are undefined for a map of one value, but for the divergence", () => {
    const flat = Array<number>(6).fill(0.1);
    expect(scanpathSaliency(flat, FIXED)).toBeNaN();
    expect(shuffledAuc(flat, FIXED, OTHERS)).toBeNaN();
    expect(divergence(flat, FIXED, SIZE)).toBeGreaterThan(0);
    expect(divergence(flat, FIXED, SIZE, 100)).toBeLessThan(1e-3);
  });

  it("are undefined without fixations", () => {
    const map = [1, 2, 3, 4, 5, 6];
    expect(measured(map, Array<number>(6).fill(0), OTHERS, SIZE)).toEqual({ nss: NaN, kl: NaN, sauc: NaN });
    expect(shuffledAuc(map, FIXED, Array<number>(6).fill(0))).toBeNaN();
  });

  it("leave the divergence undefined for a map that is 0 or negative under the blurred fixations", () => {
    expect(divergence([1, 1, 0, 1, 1, 1], FIXED, SIZE)).toBeNaN();
    expect(divergence([1, 1, -1, 1, 1, 1], FIXED, SIZE)).toBeNaN();
    expect(divergence(Array<number>(6).fill(0), FIXED, SIZE)).toBeNaN();
  });

  it("do not change with the map’s scale", () => {
    const { map, fixations, others, ...extent } = cases[2]!;
    const scaled = map.map((value) => 1e-9 * value);
    const [a, b] = [measured(map, fixations, others, extent), measured(scaled, fixations, others, extent)];
    for (const name of ["nss", "kl", "sauc"] as const) close(a[name], b[name]);
  });

  it("are best for a map of the fixations themselves, and by chance for others’ fixations", () => {
    const map = [0, 0, 1, 0, 0, 0];
    expect(shuffledAuc(map, FIXED, OTHERS)).toBe(1);
    expect(shuffledAuc([1, 2, 3, 4, 5, 6], OTHERS, OTHERS)).toBeCloseTo(0.5, 12);
    expect(scanpathSaliency(map, FIXED)).toBeCloseTo(Math.sqrt(5), 12);
  });

  it("drop and count frames where a measure is undefined", () => {
    const found = overFrames([
      { nss: 1, kl: NaN, sauc: 0.5 },
      { nss: 3, kl: 2, sauc: NaN },
      { nss: NaN, kl: NaN, sauc: NaN },
    ]);
    expect(found).toEqual({
      frames: 3,
      means: { nss: 2, kl: 2, sauc: 0.5 },
      undefined: { nss: 1, kl: 2, sauc: 2 },
    });
  });
});

describe("a Gaussian blur", () => {
  it("keeps a flat map, and the sum of a spot far from the edges", () => {
    for (const value of blurred(Array<number>(12).fill(2), { width: 4, height: 3 }, 5))
      expect(value).toBeCloseTo(2, 12);
    const spot = new Float64Array(61 * 61);
    spot[30 * 61 + 30] = 1;
    expect(blurred(spot, { width: 61, height: 61 }, 5).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });
});
