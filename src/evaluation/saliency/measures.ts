import { mean } from "../../numbers/mean.js";
import { aucOfCounts } from "../auc.js";
import { blurred, type Extent } from "./blur.js";

/**
 * How well a saliency map tells where fixations are (Nikulin et al. 2019, §4.3; Riche et al. 2013). A map holds a number a
 * pixel, fixations a count a pixel, [height × width]. NaN: the measure is undefined.
 */

type Map = ArrayLike<number>;

/** Blur of fixations in front of the divergence, pixels. */
const DEVIATION = 5;

/**
 * Normalised scanpath saliency: mean over the fixations of the map with mean 0 and variance 1. NaN without a fixation, or
 * for a map of one value.
 */
export function scanpathSaliency(map: Map, fixations: Map): number {
  const total = sumOf(fixations);
  if (total === 0 || !isUsable(map)) return Number.NaN;
  const middle = sumOf(map) / map.length;
  let squares = 0;
  let found = 0;
  for (let pixel = 0; pixel < map.length; pixel++) {
    const above = map[pixel]! - middle;
    squares += above ** 2;
    found += fixations[pixel]! * above;
  }
  return found / total / Math.sqrt(squares / map.length);
}

/**
 * Kullback–Leibler divergence, nats, of the blurred fixations from the map, each with sum 1. NaN without a fixation, for a
 * map with a negative value, and where the map is 0 at a pixel that the blurred fixations reach.
 */
export function divergence(map: Map, fixations: Map, extent: Extent, deviation = DEVIATION): number {
  if (sumOf(fixations) === 0) return Number.NaN;
  const wanted = blurred(fixations, extent, deviation);
  const [ofWanted, ofMap] = [sumOf(wanted), sumOf(map)];
  let found = 0;
  for (let pixel = 0; pixel < map.length; pixel++) {
    if (map[pixel]! < 0) return Number.NaN;
    const p = wanted[pixel]! / ofWanted;
    if (p > 0) found += p * Math.log(p / (map[pixel]! / ofMap));
  }
  return Number.isFinite(found) ? found : Number.NaN;
}

/**
 * Shuffled AUC: the chance that the map is higher at a fixation than at one of other frames, half where it is equal. It is
 * the mean over all draws of others. NaN without fixations of either, or for a map of one value.
 */
export function shuffledAuc(map: Map, fixations: Map, others: Map): number {
  return isUsable(map) ? aucOfCounts(map, fixations, others) : Number.NaN;
}

/** True for a map of numbers that are not all equal. */
function isUsable(map: Map): boolean {
  let differs = false;
  for (let pixel = 0; pixel < map.length; pixel++) {
    if (!Number.isFinite(map[pixel]!)) return false;
    differs ||= map[pixel] !== map[0];
  }
  return differs;
}

function sumOf(values: Map): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

/** The measures of a map, by the names of Table 4. */
export const MEASURES = ["nss", "kl", "sauc"] as const;
export type Measure = (typeof MEASURES)[number];
export type Measured = Readonly<Record<Measure, number>>;

/** All measures of a map; NaN where one is undefined. @param others fixations of other frames, summed */
export const measured = (map: Map, fixations: Map, others: Map, extent: Extent): Measured => ({
  nss: scanpathSaliency(map, fixations),
  kl: divergence(map, fixations, extent),
  sauc: shuffledAuc(map, fixations, others),
});

/** Means over frames without those where a measure is undefined, and how many these are. */
export interface OverFrames {
  readonly frames: number;
  readonly means: Measured;
  readonly undefined: Measured;
}

export function overFrames(all: readonly Measured[]): OverFrames {
  const each = (of: (name: Measure) => number) =>
    Object.fromEntries(MEASURES.map((name) => [name, of(name)])) as Record<Measure, number>;
  return {
    frames: all.length,
    means: each((name) => mean(all, (one) => one[name])),
    undefined: each((name) => all.filter((one) => Number.isNaN(one[name])).length),
  };
}
