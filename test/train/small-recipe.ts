import { lessonFor } from "#src/train/lessons.js";
import type { Gps, Groundwork, Imitation } from "#src/train/recipe.js";
import { Training, type TrainOptions } from "#src/train/training.js";

export const REACHER = lessonFor("reacher");
const { imitation } = REACHER.recipes as { imitation: Groundwork & { imitation: Imitation } };

/** Learns next to nothing, in a second. */
export const SMALL: typeof imitation = {
  ...imitation,
  spec: { ...imitation.spec, width: 32, height: 32, channels: [4, 4, 4], kernels: [5, 3, 3], hidden: [8, 8] },
  landmarkChannels: [2, 2],
  vision: { ...imitation.vision, batch: 4, steps: 80, rate: 1e-2, precision: [3, 3] },
  imitation: { ...imitation.imitation, batch: 16, rounds: 1, episodes: 4, steps: 80, finalSteps: 80 },
};

/** The same by guided policy search. */
export const SMALL_GPS: Groundwork & { gps: Gps } = (() => {
  const { imitation: _, ...groundwork } = SMALL;
  const { gps } = REACHER.recipes.gps as Groundwork & { gps: Gps };
  return {
    ...groundwork,
    gps: {
      ...gps,
      iterations: 2,
      conditions: 3,
      samples: 2,
      window: 2,
      batch: 16,
      steps: 80,
      finalSteps: 80,
    },
  };
})();

export const startSmall = (seed: number, options: Partial<TrainOptions> = {}): Promise<Training> =>
  Training.start({
    seed,
    lesson: REACHER,
    recipe: SMALL,
    task: { torqueLimit: [0.3, 0.3], ticks: 50 },
    ...options,
  });
