import { InputError } from "../../errors.js";
import { own } from "../../own.js";

/**
 * What a gradient is a part of: the largest one of the image times the number of elements, as the paper has it (Eq. 2 and
 * 4), or the sum of all. One pixel that never changes can hold the largest, and then the others count as nothing.
 */
export const YARDSTICKS = ["largest", "sum"] as const;
export type Yardstick = (typeof YARDSTICKS)[number];

/** Everything that decides the result of a distillation, except teacher, task and seed. */
export interface DistillationRecipe {
  /** The student's first parameters: the teacher's, or new ones (§4.1). */
  readonly start: "teacher" | "random";
  /** λ of Eq. 4: saliency up to it is penalised, as a part of a map's largest. */
  readonly threshold: number;
  /** What penalised gradients are a part of. */
  readonly yardstick: Yardstick;
  /** α of Eq. 5: weight of the distance from the teacher. */
  readonly alpha: number;
  readonly rate: number;
  readonly optimiser: "adam" | "rmsprop";
  /** States that the student learns to answer as the teacher does; the newest of its own episodes. */
  readonly buffer: number;
  /** States with a saliency map. */
  readonly maps: number;
  /** States that are kept of an episode, drawn at random. */
  readonly statesOfEpisode: number;
  /** Noise on an arm's torques in every second episode whose states are kept, as parts of the limits. */
  readonly noise: number;
  /** Steps of gradient descent, in as many rounds: before each but the first this part of the buffer is renewed. */
  readonly steps: number;
  readonly rounds: number;
  readonly renewed: number;
  /** States of a worker's step, of each objective. */
  readonly batch: number;
  readonly workers: number;
  /** The teacher's saliency: a method, `segmentation`, or an image file. */
  readonly saliency: string;
  /** False to distil alone, without the regulariser: the control of the paper's Fig. 8. */
  readonly regularised: boolean;
}

/** What the paper's three tasks share (Table 3; radii of the saliency: appendix A). Steps and batch are not given there. */
const TABLE_3 = {
  start: "random",
  threshold: 0.1,
  yardstick: "largest",
  alpha: 0.01,
  rate: 1e-3,
  optimiser: "adam",
  buffer: 10_000,
  maps: 1000,
  statesOfEpisode: 10,
  noise: 0,
  steps: 40_000,
  rounds: 20,
  renewed: 0.2,
  batch: 16,
  workers: 2,
  regularised: true,
} as const satisfies Omit<DistillationRecipe, "saliency">;

interface Entry {
  /** For help texts. */
  readonly text: string;
  readonly recipe: DistillationRecipe;
}

/** The recipes. A new one is one entry. */
export const DISTILLATIONS: Readonly<Record<string, Entry>> = {
  arm: {
    text: "torques, from the teacher's own weights",
    recipe: {
      ...TABLE_3,
      start: "teacher",
      alpha: 20,
      rate: 1e-3,
      buffer: 2000,
      maps: 600,
      noise: 0.1,
      steps: 600,
      rounds: 4,
      renewed: 1 / 6,
      batch: 8,
      saliency: "dtd",
    },
  },
  "red-fetch-green": {
    text: "shares of the gradient, from the teacher's own weights",
    recipe: {
      ...TABLE_3,
      yardstick: "sum",
      start: "teacher",
      alpha: 30,
      steps: 20_000,
      saliency: "perturbation:radius=4",
    },
  },
  "red-fetch-green-paper": {
    text: "Eq. 4 and Table 3 of the paper",
    recipe: { ...TABLE_3, saliency: "perturbation:radius=4" },
  },
  breakout: { text: "Table 3 of the paper", recipe: { ...TABLE_3, maps: 10_000, saliency: "perturbation:radius=8" } },
  highway: {
    text: "Table 3 of the paper, for its driving task",
    recipe: { ...TABLE_3, alpha: 1, rate: 2e-4, optimiser: "rmsprop", maps: 2500, saliency: "perturbation:radius=5" },
  },
};

/** Name of the usual recipe of a task: its own, or that of arms. */
export const usualRecipe = (task: string): string => (own(DISTILLATIONS, task) ? task : "arm");

/** @throws InputError for an unknown name */
export function distillationNamed(name: string): DistillationRecipe {
  const entry = own(DISTILLATIONS, name);
  if (entry === undefined)
    throw new InputError(`no distillation recipe "${name}"; expected ${Object.keys(DISTILLATIONS).join(", ")}`);
  return entry.recipe;
}
