import type { Recipe } from "#src/sim/tasks/lesson.js";
import { taskNamed } from "#src/sim/tasks/tasks.js";
import type { GpsSettings } from "#src/train/algorithms/gps.js";
import type { ImitationSettings } from "#src/train/algorithms/imitation.js";
import { Training, type TrainOptions, trainingCost } from "#src/train/training.js";

const { recipes } = taskNamed("reacher").lesson;
const base = recipes.imitation!;

/** Learns next to nothing, in a second. */
export const SMALL_IMITATION = {
  ...(base.imitation as ImitationSettings),
  batch: 16,
  rounds: 1,
  episodes: 4,
  steps: 80,
  finalSteps: 80,
};
export const SMALL: Recipe = {
  ...base,
  spec: { ...base.spec, width: 32, height: 32, channels: [4, 4, 4], kernels: [5, 3, 3], hidden: [8, 8] },
  landmarkChannels: [2, 2],
  vision: { ...base.vision, batch: 4, steps: 80, rate: 1e-2, precision: [3, 3] },
  imitation: SMALL_IMITATION,
};

/** The same by guided policy search. */
export const SMALL_GPS: Recipe = (() => {
  const { imitation: _, ...rest } = SMALL;
  const shared = { ...rest, algorithm: "gps" };
  const gps = {
    ...(recipes.gps!.gps as GpsSettings),
    iterations: 2,
    conditions: 3,
    samples: 2,
    window: 2,
    batch: 16,
    steps: 80,
    finalSteps: 80,
  };
  return { ...shared, gps } as Recipe;
})();

/** The same from the pixels on, in four fixed conditions. */
export const SMALL_LEVINE: Recipe = {
  ...SMALL_GPS,
  episodes: { targets: "four", starts: "near" },
  vision: { ...SMALL.vision, sharpen: 0, precision: [100, 100] },
  endToEnd: {
    from: 1,
    batch: 4,
    steps: 60,
    finalSteps: 60,
    rate: 3e-3,
    refit: { steps: 60, finalSteps: 60, rate: 3e-3 },
  },
};

const OPTIONS = {
  recipe: SMALL,
  task: { name: "reacher", torqueLimit: [0.3, 0.3], ticks: 50 },
};

export const startSmall = (seed: number, options: Partial<TrainOptions> = {}): Promise<Training> =>
  Training.start({ seed, ...OPTIONS, ...options });

export const smallCost = (): Promise<number> => trainingCost(OPTIONS);
