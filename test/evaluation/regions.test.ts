import { expect, it, test } from "vitest";
import { auc } from "#src/evaluation/auc.js";
import {
  IMPORTANT,
  inRegions,
  partsOfLargest,
  regionSaliency,
  regionsOf,
  UNCERTAIN,
  UNIMPORTANT,
} from "#src/evaluation/regions.js";
import { random } from "#src/sim/random.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { worldNamed, worldNames } from "#src/sim/worlds/worlds.js";

/** Pairs counted one by one. */
function byPairs(positives: Float32Array, negatives: Float32Array): number {
  let wins = 0;
  for (const p of positives) for (const n of negatives) wins += p > n ? 1 : p === n ? 0.5 : 0;
  return wins / (positives.length * negatives.length);
}

test.each([2, 5, 1000])("AUC is the part of pairs in order, ties half: values of %i kinds", (kinds) => {
  const numbers = random(kinds);
  for (let trial = 0; trial < 20; trial++) {
    const drawn = (count: number) => Float32Array.from({ length: count }, () => numbers.integer(kinds) / kinds);
    const [positives, negatives] = [drawn(1 + numbers.integer(30)), drawn(1 + numbers.integer(60))];
    expect(auc(positives, negatives)).toBeCloseTo(byPairs(positives, negatives), 12);
  }
});

test("AUC where all is in order, reversed, equal, or nothing is there", () => {
  const of = (positives: number[], negatives: number[]) =>
    auc(Float32Array.from(positives), Float32Array.from(negatives));
  expect(of([2, 3], [0, 1])).toBe(1);
  expect(of([0], [1, 2])).toBe(0);
  expect(of([0, 0], [0, 0, 0])).toBe(0.5);
  // Example of scikit-learn's roc_auc_score: y = 0 0 1 1, scores 0.1 0.4 0.35 0.8 give 0.75.
  expect(of([0.35, 0.8], [0.1, 0.4])).toBe(0.75);
  expect(of([], [1])).toBeNaN();
});

test("AUC does not change its arguments", () => {
  const positives = Float32Array.of(3, 1, 2);
  auc(positives, Float32Array.of(2, 0));
  expect([...positives]).toEqual([3, 1, 2]);
});

test.each(worldNames)("the regions of %s are those of its classes", async (name) => {
  const world = await SimulatedWorld.load(worldNamed(name));
  world.reset(1, 2);
  const { facts } = worldNamed(name);
  for (const one of facts.empty) {
    expect(facts.classes).toContain(one);
    expect(facts.salient).not.toContain(one);
  }
  const labels = world.segmentation();
  const kinds = regionsOf(labels, facts);
  const expected = Array.from(labels, (label) => {
    const found = facts.classes[label]!;
    if (facts.salient.includes(found)) return IMPORTANT;
    return facts.empty.includes(found) ? UNIMPORTANT : UNCERTAIN;
  });
  expect([...kinds]).toEqual(expected);
  const count = (kind: number) => kinds.filter((one) => one === kind).length;
  expect(count(IMPORTANT)).toBeGreaterThan(0);
  expect(count(UNIMPORTANT)).toBeGreaterThan(0);
});

it("Red-Fetch-Green: two tiles are important, 32 are not; walls and distractors are left out", async () => {
  const world = await SimulatedWorld.load(worldNamed("red-fetch-green"));
  world.reset(0, 0);
  const kinds = regionsOf(world.segmentation(), worldNamed("red-fetch-green").facts);
  const tiles = (kind: number) => kinds.filter((one) => one === kind).length / 64;
  expect([IMPORTANT, UNIMPORTANT, UNCERTAIN].map(tiles)).toEqual([2, 32, 28 + 2]);
});

it("saliency in the regions is the sum of a map's parts of its largest", () => {
  // The largest lies on a pixel of neither region.
  const map = partsOfLargest([-4, 1, 2, 0, -1, 0.5]);
  expect([...map]).toEqual([1, 0.25, 0.5, 0, 0.25, 0.125]);
  const regions = Uint8Array.of(UNCERTAIN, IMPORTANT, IMPORTANT, UNIMPORTANT, UNIMPORTANT, UNIMPORTANT);
  // Of the six pairs one is equal and none is reversed.
  expect(regionSaliency(inRegions(map, regions))).toEqual({ important: 0.75, unimportant: 0.375, auc: 5.5 / 6 });
  expect([...partsOfLargest([0, 0])]).toEqual([0, 0]);
});
