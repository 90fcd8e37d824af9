import { InputError } from "../errors.js";
import type { Targets } from "../sim/tasks/task.js";
import type { Gps, Groundwork, Recipe } from "./recipe.js";

/** How a task is taught. A new task is one entry of `LESSONS`. */
export interface Lesson {
  readonly task: string;
  /** Ways to learn it, by name. */
  readonly recipes: Readonly<Record<string, Recipe>>;
  /** What the feature points are taught to find: names of image points, in this order. */
  readonly landmarks: readonly string[];
  /** Goals of the training's episodes. */
  readonly targets: Targets;
}

const REACHER: Groundwork = {
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

const SEVEN: Groundwork = {
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
  vision: { batch: 16, steps: 1000, rate: 2e-3, blob: 1, spread: 0.2, precision: [10, 300] },
};

/** Guided policy search for the 7-DoF arm: one start in each of the four conditions an iteration. */
const SEVEN_SEARCH: Gps = {
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

/** The recipes of the shipped policies are those by imitation. */
const LESSONS: readonly Lesson[] = [
  {
    task: "reacher",
    landmarks: ["target", "fingertip"],
    targets: "random",
    recipes: {
      imitation: {
        ...REACHER,
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
        ...REACHER,
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
  },
  {
    task: "peg",
    landmarks: ["target", "fingertip"],
    targets: "four",
    recipes: {
      imitation: {
        ...SEVEN,
        imitation: {
          batch: 64,
          rounds: 8,
          episodes: 40,
          steps: 5000,
          finalSteps: 40_000,
          rate: 3e-3,
          noise: [0.02, 0.02],
          stale: 0,
          torqueNoise: [0.03, 0.03],
        },
      },
      gps: { ...SEVEN, gps: SEVEN_SEARCH },
    },
  },
  {
    task: "door",
    landmarks: ["target", "fingertip"],
    targets: "four",
    recipes: {
      imitation: {
        ...SEVEN,
        landmarkChannels: [8, 8],
        imitation: {
          batch: 64,
          rounds: 8,
          episodes: 40,
          steps: 5000,
          finalSteps: 40_000,
          rate: 3e-3,
          noise: [0.02, 0.02],
          stale: 0,
          torqueNoise: [0.03, 0.03],
        },
      },
      // The second iteration loses one of the four stands: see docs/training.md.
      gps: { ...SEVEN, landmarkChannels: [8, 8], gps: { ...SEVEN_SEARCH, iterations: 1, dynamics: "differences" } },
    },
  },
];

/** Tasks that a policy can be trained for. */
export const lessonNames: readonly string[] = LESSONS.map(({ task }) => task);

/** @throws InputError for a task without a lesson */
export function lessonFor(task: string): Lesson {
  const found = LESSONS.find((lesson) => lesson.task === task);
  if (found) return found;
  throw new InputError(`no training for a task named "${task}", expected ${lessonNames.join(", ")}`);
}

/** @throws InputError for a way to learn that the lesson does not have */
export function recipeFor(lesson: Lesson, algorithm: string): Recipe {
  if (Object.hasOwn(lesson.recipes, algorithm)) return lesson.recipes[algorithm]!;
  const known = Object.keys(lesson.recipes).join(", ");
  throw new InputError(`task ${lesson.task} cannot be trained by "${algorithm}", expected ${known}`);
}
