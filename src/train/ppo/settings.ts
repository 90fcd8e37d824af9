/** Settings of proximal policy optimisation (Schulman et al. 2017), with the names of the field. */
export interface PpoSettings {
  /** Environment steps of the whole training, over which what changes in it changes. */
  readonly totalSteps: number;
  /** Steps after which it ends, before all that changes has changed; default `totalSteps`. */
  readonly endSteps?: number;
  /** Worlds stepped at once, and steps of each a rollout. */
  readonly worlds: number;
  readonly rolloutSteps: number;
  /** Passes over a rollout, and parts of it, each a step of the optimiser. */
  readonly epochs: number;
  readonly minibatches: number;
  /** What rewards are multiplied by for the learning, so that values are of the order of 1; default 1. */
  readonly rewardScale?: number;
  /**
   * What is taken off the reward where a world ends an episode without success, in the world's unit: from 0 at the
   * start it grows in a line to this at the end. Default 0.
   */
  readonly failureCost?: number;
  /** True where a lost life counts as the episode's end for the advantages; the episode goes on. Default false. */
  readonly lifeEnds?: boolean;
  /**
   * Bound of the deviations of continuous actions, in parts of half a command's range: it falls from the deviation at the
   * start to this at the end, its logarithm in a line, and a larger one is cut between rollouts. Default: no bound.
   */
  readonly deviationEnd?: number;
  /** Discount γ, and λ of the advantages. */
  readonly gamma: number;
  readonly lambda: number;
  /**
   * Learning rate: at the start, falling in a line to `rateEnd` of it after `rateSteps` steps, by default at the end. In
   * the last part `coolDown` of the training (default none) it also falls to zero in a line.
   */
  readonly rate: number;
  readonly rateEnd: number;
  readonly rateSteps?: number;
  readonly coolDown?: number;
  /** Clip range: at the start, falling in a line to `clipEnd` of it. */
  readonly clip: number;
  readonly clipEnd: number;
  /** Largest change of a value estimate in its loss; without it the loss is not clipped, as in Stable-Baselines3. */
  readonly valueClip?: number;
  /** Weights of the entropy and the value loss. */
  readonly entropy: number;
  readonly value: number;
  /** Largest norm of the gradient of all parameters. */
  readonly gradientNorm: number;
}

/** Learning rate at rollout `iteration` of `iterations`, of which each has `size` steps. */
export function rateAt(
  { rate, rateEnd, rateSteps, totalSteps, coolDown = 0 }: PpoSettings,
  iteration: number,
  iterations: number,
  size: number,
): number {
  const course = iteration / Math.ceil((rateSteps ?? totalSteps) / size);
  const cool = coolDown === 0 ? 1 : Math.min(1, (iterations - iteration) / (iterations * coolDown));
  return linear(rate, rateEnd, course) * cool;
}

/** Bound of the logarithms of deviations when a part `done` of the training is over. @param first at the start */
export const deviationBound = ({ deviationEnd }: PpoSettings, first: number, done: number): number =>
  deviationEnd === undefined ? Number.POSITIVE_INFINITY : first + (Math.log(deviationEnd) - first) * done;

/** A straight line from `from` to `end` × `from` over the training; `done` from 0 to 1. */
export const linear = (from: number, end: number, done: number): number => from * (1 + (end - 1) * done);
