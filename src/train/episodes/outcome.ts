import { upperMedian } from "../../numbers/quantile.js";

/** The end of an episode. */
export interface Outcome {
  /** Distance from the goal, metres. */
  readonly error: number;
  readonly success: boolean;
}

/** Figures of one iteration's episodes. An algorithm may add its own. */
export interface IterationFigures {
  readonly phase: string;
  readonly actor: "expert" | "policy" | "teacher";
  readonly episodes: number;
  readonly successes: number;
  /** Median error at the end, metres. */
  readonly median_error: number;
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
