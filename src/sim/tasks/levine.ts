import type { BaseRecipe, EndToEnd, Recipe } from "./lesson.js";

/** Fits of all layers that change a policy with seven joints little from step to step. */
export const SLOW: Partial<EndToEnd> = { steps: 300, finalSteps: 1500, rate: 2e-4 };

/**
 * A task's recipe as Levine et al. (2016) train, and Kim & Choi (2021) after them: four fixed conditions, each from one
 * pose; the convolutions learn the pose of arm and goal alone, then all layers learn the torques of guided policy search
 * from the pixels on. Nothing disturbs the feature points.
 * @param gps settings of the search
 * @param endToEnd changes to the fits of all layers
 */
export const levine = (base: Omit<BaseRecipe, "algorithm">, gps: object, endToEnd: Partial<EndToEnd> = {}): Recipe => ({
  ...base,
  algorithm: "gps",
  episodes: { targets: "four", starts: "near" },
  vision: { ...base.vision, steps: 500, sharpen: 0, precision: [100, 100] },
  endToEnd: { from: 1, batch: 16, steps: 150, finalSteps: 500, rate: 1e-3, ...endToEnd },
  gps: { ...gps, noise: [0, 0], stale: 0 },
});
