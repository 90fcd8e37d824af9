import { z } from "zod";

const SHARE = z.number().min(0).max(1);
const COUNT = z.number().int().min(1);

/** Settings of proximal policy optimisation (Schulman et al. 2017), with the names of the field. */
export const PPO_SETTINGS = z.strictObject({
  /** Environment steps of the whole training. */
  totalSteps: COUNT,
  /** Worlds stepped at once, and steps of each a rollout. */
  worlds: COUNT,
  rolloutSteps: COUNT,
  /** Passes over a rollout, and parts of it, each a step of the optimiser. */
  epochs: COUNT,
  minibatches: COUNT,
  /** Discount γ, and λ of the advantages. */
  gamma: SHARE,
  lambda: SHARE,
  /** Learning rate and clip range: at the start, falling in a line to `rateEnd` and `clipEnd` of it. */
  rate: z.number().positive(),
  rateEnd: SHARE,
  clip: z.number().positive(),
  clipEnd: SHARE,
  /** Largest change of a value estimate in its loss; unclipped without it, as usual today. */
  valueClip: z.number().positive().optional(),
  /** Weights of the entropy and the value loss. */
  entropy: z.number().min(0),
  value: z.number().min(0),
  /** Largest norm of the gradient of all parameters. */
  gradientNorm: z.number().positive(),
});

export type PpoSettings = z.infer<typeof PPO_SETTINGS>;

/** A straight line from `from` to `end` × `from` over the training; `done` from 0 to 1. */
export const linear = (from: number, end: number, done: number): number => from * (1 + (end - 1) * done);
