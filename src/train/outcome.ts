import { upperMedian } from "../numbers/quantile.js";

/** How an episode ended. */
export interface Outcome {
  /** Distance from the goal, metres. */
  readonly error: number;
  readonly success: boolean;
}

/** How one iteration of collecting went: whoever acted succeeded in so many episodes. */
export interface IterationFigures {
  readonly phase: string;
  readonly actor: "expert" | "policy";
  readonly episodes: number;
  readonly successes: number;
  /** Median error at the end, metres. */
  readonly median_error: number;
  /** Of every condition of guided policy search. */
  readonly conditions?: readonly ConditionFigures[];
}

/** What came of a condition in one iteration of guided policy search. */
export interface ConditionFigures extends Outcome {
  /** Of the policy's trajectory without noise. */
  readonly cost: number;
  /** How much less its linear and quadratic model promises for the new controllers. */
  readonly promise: number;
  /** Bound of the controllers' divergence from the policy, and the divergence, nats over the episode. */
  readonly bound: number;
  readonly divergence: number;
}

export function figuresOf(
  phase: string,
  actor: IterationFigures["actor"],
  outcomes: readonly Outcome[],
): IterationFigures {
  return {
    phase,
    actor,
    episodes: outcomes.length,
    successes: outcomes.filter(({ success }) => success).length,
    median_error: upperMedian(outcomes.map(({ error }) => error)),
  };
}
