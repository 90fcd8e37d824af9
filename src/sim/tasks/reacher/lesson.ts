import type { BaseRecipe, Lesson } from "../lesson.js";
import { levine, SLOW } from "../levine.js";

const BASE = {
  episodes: { targets: "random" },
  spec: {
    width: 96,
    height: 96,
    channels: [16, 16, 12],
    kernels: [7, 5, 5],
    configuration: 10,
    hidden: [40, 40],
    torques: 2,
  },
  workers: 2,
  landmarkChannels: [8, 4],
  sharpness: 4,
  vision: { batch: 16, steps: 1200, rate: 2e-3, sharpen: 1, blob: 1, spread: 0.2, precision: [10, 300] },
} as const satisfies Omit<BaseRecipe, "algorithm">;

/** Four targets need no more pixels. */
const SMALL = { ...BASE, spec: { ...BASE.spec, width: 64, height: 64 } } as const;

/** The layers and the picture of Levine et al. (2016), for benchmarks of large networks. */
const LARGE = {
  ...BASE,
  spec: { ...BASE.spec, width: 240, height: 240, channels: [64, 32, 32] },
  landmarkChannels: [20, 12],
  vision: { ...BASE.vision, batch: 8, steps: 400 },
} as const satisfies Omit<BaseRecipe, "algorithm">;

/** Free-Lunch Saliency behind the second convolution (Nikulin et al. 2019). */
const SALIENT = {
  ...BASE,
  spec: { ...BASE.spec, attention: { kind: "fls", filters: 8, kernel: 3 } },
} as const satisfies Omit<BaseRecipe, "algorithm">;

/** Queries that follow from the arm's pose; nothing tells them where to look but the pose that is read from their answers. */
const ASKING = {
  ...BASE,
  spec: {
    ...BASE.spec,
    channels: [16, 16, 12],
    attention: { kind: "query", queries: 4, keys: 8, frequencies: [4, 4], told: 2, hidden: 32 },
  },
  landmarkChannels: [3, 1],
  vision: { ...BASE.vision, sharpen: 0, precision: [100, 300], steps: 1600, settle: { steps: 600, rate: 2e-4 } },
} as const satisfies Omit<BaseRecipe, "algorithm">;

const IMITATION = {
  batch: 128,
  rounds: 7,
  episodes: 100,
  steps: 2500,
  finalSteps: 25_000,
  rate: 3e-3,
  noise: [0.1, 0.02],
  stale: 0.5,
  torqueNoise: [0.15, 0.05],
  moves: 0,
} as const;

const GPS = {
  expertNoise: 0.05,
  iterations: 5,
  conditions: 120,
  samples: 2,
  window: 6,
  bound: 0.2,
  torqueNoise: 0.05,
  startNoise: 0.05,
  probe: [0.03, 0.1],
  dynamics: "derivatives",
  widest: [0.5, 3],
  batch: 128,
  steps: 5000,
  finalSteps: 40_000,
  rate: 3e-3,
  noise: [0.1, 0.02],
  stale: 0.5,
} as const;

/** The shipped policy is trained by imitation. */
export const REACHER_LESSON: Lesson = {
  landmarks: ["target", "fingertip"],
  recipes: {
    imitation: {
      ...BASE,
      algorithm: "imitation",
      imitation: IMITATION,
    },
    large: {
      ...LARGE,
      algorithm: "imitation",
      imitation: { ...IMITATION, rounds: 3, steps: 2500, finalSteps: 15_000 },
    },
    fls: { ...SALIENT, algorithm: "imitation", imitation: { ...IMITATION, moves: 0.5 } },
    attention: { ...ASKING, algorithm: "imitation", imitation: { ...IMITATION, moves: 0.5 } },
    gps: { ...BASE, algorithm: "gps", gps: GPS },
    levine: levine(SMALL, { ...GPS, iterations: 3, conditions: 4, samples: 16, window: 4, steps: 3000 }),
    // As levine, with episodes enough for goals anywhere: the experiment on the number of goals (docs/reproduction.md).
    goals: levine(
      SMALL,
      { ...GPS, iterations: 2, conditions: 4, samples: 64, window: 3, steps: 10_000 },
      { ...SLOW, refit: { steps: 5000, finalSteps: 20_000, rate: 3e-3 } },
    ),
  },
};
