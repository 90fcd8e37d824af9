import type { WorldFacts } from "../sim/worlds/world.js";
import { auc } from "./auc.js";

/** What is certain about a pixel: nothing, that it matters, or that it does not. */
export const UNCERTAIN = 0;
export const IMPORTANT = 1;
export const UNIMPORTANT = 2;

/**
 * The regions of a picture whose saliency is certain, a value a pixel: of the classes that decide, and of those that say
 * nothing (Xing et al. 2022, §4.4).
 * @param labels of the pixels' objects, as `World.segmentation` writes them
 */
export function regionsOf(labels: Uint8Array, { classes, salient, empty }: WorldFacts): Uint8Array {
  const kinds = classes.map((name) =>
    salient.includes(name) ? IMPORTANT : empty.includes(name) ? UNIMPORTANT : UNCERTAIN,
  );
  return labels.map((label) => kinds[label]!);
}

/** A map divided by its largest magnitude, 0 to 1; all 0 of a map of zeros. */
export function partsOfLargest(map: ArrayLike<number>): Float32Array {
  const sizes = new Float32Array(map.length);
  let largest = 0;
  for (let pixel = 0; pixel < sizes.length; pixel++) {
    sizes[pixel] = Math.abs(map[pixel]!);
    largest = Math.max(largest, sizes[pixel]!);
  }
  if (largest > 0) for (let pixel = 0; pixel < sizes.length; pixel++) sizes[pixel]! /= largest;
  return sizes;
}

/** A map's saliency where its importance is certain. */
export interface RegionSaliency {
  /** Sums over the region's pixels, each from 0 to 1. */
  readonly important: number;
  readonly unimportant: number;
  /** Area under the ROC curve of important pixels against unimportant ones. */
  readonly auc: number;
}

/** Values of the pixels in each region. */
export interface RegionValues {
  readonly important: Float32Array;
  readonly unimportant: Float32Array;
}

/** @param map of the pixels, [height × width] */
export const inRegions = (map: Float32Array, regions: Uint8Array): RegionValues => ({
  important: valuesIn(map, regions, IMPORTANT),
  unimportant: valuesIn(map, regions, UNIMPORTANT),
});

function valuesIn(map: Float32Array, regions: Uint8Array, kind: number): Float32Array {
  const values = new Float32Array(map.length);
  let count = 0;
  for (let pixel = 0; pixel < map.length; pixel++) if (regions[pixel] === kind) values[count++] = map[pixel]!;
  return values.subarray(0, count);
}

/** @param values of a map that is divided by its largest (`partsOfLargest`) */
export function regionSaliency({ important, unimportant }: RegionValues): RegionSaliency {
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
  return { important: sum(important), unimportant: sum(unimportant), auc: auc(important, unimportant) };
}
