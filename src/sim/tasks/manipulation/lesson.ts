import type { BaseRecipe, EndToEnd, Lesson } from "../lesson.js";
import { levine } from "../levine.js";

const BASE: Omit<BaseRecipe, "algorithm"> = {
  episodes: { targets: "four" },
  spec: {
    width: 80,
    height: 64,
    channels: [24, 24, 16],
    kernels: [7, 5, 5],
    configuration: 20,
    hidden: [40, 40],
    torques: 7,
  },
  workers: 2,
  landmarkChannels: [6, 10],
  sharpness: 4,
  vision: { batch: 16, steps: 1000, rate: 2e-3, sharpen: 1, blob: 1, spread: 0.2, precision: [10, 300] },
};

const IMITATION = {
  batch: 64,
  rounds: 8,
  episodes: 40,
  steps: 5000,
  finalSteps: 40_000,
  rate: 3e-3,
  noise: [0.02, 0.02],
  stale: 0,
  torqueNoise: [0.03, 0.03],
  moves: 0,
};

/**
 * Goals of the recipe for goals anywhere: so many that the policy learns what lies between, yet each is planned for once. The
 * conditions are the corners of where goals may be, and get a part of the episodes of their own.
 */
const PLACES = 80;

/** One start in each of the four conditions an iteration. */
const GPS = {
  expertNoise: 0.1,
  iterations: 4,
  conditions: 4,
  samples: 20,
  window: 5,
  bound: 0.5,
  torqueNoise: 0.05,
  startNoise: 0.03,
  probe: [0.02, 0.1],
  dynamics: "derivatives",
  widest: [0.5, 3],
  batch: 64,
  steps: 8000,
  finalSteps: 20_000,
  rate: 3e-3,
  noise: [0.02, 0.02],
  stale: 0,
};

/** A task's changes to the search and the fits of the recipe `levine`, and to the imitation of `anywhere`. */
interface OwnChanges {
  readonly gps?: Partial<typeof GPS>;
  readonly endToEnd?: Partial<EndToEnd>;
  readonly anywhere?: Partial<typeof IMITATION> & { readonly conditions?: number };
}

/** The lesson of a 7-DoF task, with its changes to the recipes. The shipped policies are trained by imitation. */
export const manipulationLesson = (
  base: Partial<BaseRecipe> = {},
  gps: Partial<typeof GPS> = {},
  own: OwnChanges = {},
): Lesson => ({
  landmarks: ["target", "fingertip"],
  recipes: {
    imitation: { ...BASE, ...base, algorithm: "imitation", imitation: IMITATION },
    gps: { ...BASE, ...base, algorithm: "gps", gps: { ...GPS, ...gps } },
    anywhere: {
      ...BASE,
      ...base,
      algorithm: "imitation",
      episodes: { targets: own.anywhere?.episodes ?? PLACES },
      spec: { ...BASE.spec, ...base.spec, hidden: [64, 64] },
      imitation: { ...IMITATION, episodes: PLACES, steps: 4000, moves: 0.5, conditions: 0.25, ...own.anywhere },
    },
    levine: levine({ ...BASE, ...base }, { ...GPS, ...gps, ...own.gps }, own.endToEnd),
  },
});
