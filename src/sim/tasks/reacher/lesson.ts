import type { BaseRecipe, Lesson } from "../lesson.js";

const BASE: BaseRecipe = {
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
  vision: { batch: 16, steps: 1200, rate: 2e-3, blob: 1, spread: 0.2, precision: [10, 300] },
};

/** The shipped policy is trained by imitation. */
export const REACHER_LESSON: Lesson = {
  landmarks: ["target", "fingertip"],
  targets: "random",
  recipes: {
    imitation: {
      ...BASE,
      imitation: {
        batch: 128,
        rounds: 7,
        episodes: 100,
        steps: 2500,
        finalSteps: 25_000,
        rate: 3e-3,
        noise: [0.1, 0.02],
        stale: 0.5,
        torqueNoise: [0.15, 0.05],
      },
    },
    gps: {
      ...BASE,
      gps: {
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
      },
    },
  },
};
