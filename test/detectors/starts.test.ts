import { expect, it } from "vitest";
import { CELLS } from "#src/detectors/look.js";
import { startsOf, strangeStart } from "#src/detectors/starts.js";
import { randoms } from "../evaluate.js";

/** A picture of noise, and of two places where something is. */
const picture = (run: number, at: number): Float32Array => {
  const noise = randoms(3 * CELLS * CELLS, run + 1);
  return Float32Array.from({ length: 3 * CELLS * CELLS }, (_, k) => {
    const cell = Math.floor(k / 3);
    return 100 + 2 * noise[k]! + (cell % CELLS === at ? 60 : 0);
  });
};
const runs = Array.from({ length: 8 }, (_, run) => [picture(run, run % 2 === 0 ? 5 : 15)]);
const starts = startsOf(runs);

it("is nothing for a picture like those of good runs", () => {
  expect(strangeStart(picture(20, 5), starts)).toBeLessThanOrEqual(starts.strange + 1);
});

it("counts the places that are as in no good run", () => {
  // A bar at another place: what is new are the cells of that column, each more than three times what is usual.
  expect(strangeStart(picture(21, 10), starts)).toBeCloseTo(3 * CELLS, 0);
});

it("learns what starts of good runs differ by", () => {
  const everywhere = startsOf(Array.from({ length: 8 }, (_, run) => [picture(run, 3 * run)]));
  // Where a bar is elsewhere in every run, one between them is no surprise.
  expect(strangeStart(picture(22, 10), everywhere)).toBeLessThan(4 * everywhere.strange + 12);
});
