import type { BaseRecipe, Lesson } from "../lesson.js";
import { levine, SLOW } from "../levine.js";

const BASE = {
  episodes: { targets: "random" },
  spec: {
    width: 120,
    height: 90,
    channels: [16, 16, 12],
    kernels: [7, 5, 5],
    configuration: 14,
    hidden: [64, 64],
    torques: 7,
  },
  workers: 2,
  landmarkChannels: [4, 4, 4],
  sharpness: 4,
  vision: { batch: 16, steps: 1000, rate: 2e-3, sharpen: 1, blob: 1, spread: 0.2, precision: [10, 300] },
} as const satisfies Omit<BaseRecipe, "algorithm">;

/** Four places need no more pixels. */
const SMALL = { ...BASE, spec: { ...BASE.spec, width: 80, height: 60 } } as const;

const GPS = {
  // With less noise the policy does not stay near the trajectory of its search.
  expertNoise: 0.1,
  iterations: 2,
  conditions: 16,
  samples: 8,
  window: 3,
  bound: 0.2,
  torqueNoise: 0.02,
  startNoise: 0.05,
  probe: [0.02, 0.1],
  dynamics: "derivatives",
  widest: [0.5, 3],
  batch: 128,
  steps: 12_000,
  finalSteps: 30_000,
  rate: 3e-3,
  noise: [0.02, 0.02],
  stale: 0,
} as const;

/** The shipped policy is trained by imitation. One camera shows how far the left hand is by where its wrist is seen. */
export const BAXTER_LESSON: Lesson = {
  landmarks: ["target", "fingertip", "wrist"],
  recipes: {
    imitation: {
      ...BASE,
      algorithm: "imitation",
      imitation: {
        batch: 128,
        rounds: 7,
        episodes: 100,
        steps: 2500,
        finalSteps: 30_000,
        rate: 3e-3,
        noise: [0.02, 0.02],
        stale: 0,
        torqueNoise: [0.03, 0.02],
        moves: 0,
      },
    },
    gps: { ...BASE, algorithm: "gps", gps: GPS },
    levine: levine(SMALL, { ...GPS, iterations: 3, conditions: 4, samples: 16, window: 4 }, SLOW),
  },
};
