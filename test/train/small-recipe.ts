import { lessonFor } from "#src/train/lessons.js";
import type { Recipe } from "#src/train/recipe.js";
import { Training, type TrainOptions } from "#src/train/training.js";

export const REACHER = lessonFor("reacher");
const { imitation } = REACHER.recipes;

/** Learns next to nothing, in a second. */
export const SMALL: Recipe = {
  ...imitation!,
  spec: { ...imitation!.spec, width: 32, height: 32, channels: [4, 4, 4], kernels: [5, 3, 3], hidden: [8, 8] },
  landmarkChannels: [2, 2],
  vision: { ...imitation!.vision, batch: 4, steps: 80, rate: 1e-2, precision: [3, 3] },
  imitation: { ...imitation!.imitation, batch: 16, rounds: 1, episodes: 4, steps: 80, finalSteps: 80 },
};

export const startSmall = (seed: number, options: Partial<TrainOptions> = {}): Promise<Training> =>
  Training.start({
    seed,
    lesson: REACHER,
    recipe: SMALL,
    task: { torqueLimit: [0.3, 0.3], ticks: 50 },
    ...options,
  });
