import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UNCHECKED } from "./images/raw.js";
import { KEPT } from "./kept.js";
import { KINDS } from "./kinds.js";

/** Cases of each kind: a few seconds in all. `npm run fuzz` runs as many as one likes. */
const RUNS: Readonly<Record<string, number>> = {
  networks: 16,
  "damaged-models": 80,
  arms: 40,
  bags: 12,
  images: 200,
  cards: 40,
  urdf: 80,
  messages: 40,
  commands: 30,
};

it("has a number of runs for every kind", () => {
  expect(Object.keys(RUNS)).toEqual(KINDS.map(({ name }) => name));
});

it("decodes every pixel format plainly", () => {
  expect(UNCHECKED).toEqual([]);
});

describe.each(KINDS)("$name", ({ name, cases, holds, close }) => {
  it("random cases", async () => {
    const property = fc.asyncProperty(cases, async (each) => {
      await holds(each);
    });
    await fc.assert(property, { seed: 1, numRuns: RUNS[name]! }).finally(close);
  });

  const kept = KEPT.filter((each) => each.kind === name);
  if (kept.length > 0) it.each(kept)("$found", async ({ case: each }) => void (await holds(each)));
});
