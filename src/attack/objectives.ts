import { apply } from "../graph/apply.js";
import { exp, log, maximum, mul, neg, square, sub, sum } from "../graph/build.js";
import type { Value } from "../graph/value.js";
import type { Subject } from "../relevance/contract/subject.js";

/**
 * What an attack makes as large as it can:
 * - `output`: Σ w_j y_j. With w_j = ±1 / limit of one torque this moves it up or down.
 * - `choice`: −Σ w_a log π(a). With w one-hot at the action that is taken this is the cross-entropy (Huang et al. 2017).
 * - `distance`: KL(π ‖ π') of actions, else ½ Σ (w_j (y'_j − y_j))², w_j = 1 / limit (Zhang et al. 2020).
 */
export type Objective = "output" | "choice" | "distance";

/** Values that an objective is made of, [1, J] each. */
interface Terms {
  /** The outputs for the changed image, and for the image itself. */
  readonly now: Value;
  readonly before: Value;
  readonly weights: Value;
}

/** An objective as a scalar of the graph. */
export function objectiveOf(objective: Objective, { now, before, weights }: Terms, subject: Subject): Value {
  if (objective === "output") return sum(mul(weights, now));
  const logs = (y: Value) => logarithms(y, subject.distribution ?? "logits");
  if (objective === "choice") return neg(sum(mul(weights, logs(now))));
  if (!subject.distribution) return mul(sum(square(mul(weights, sub(now, before)))), 0.5);
  return sum(mul(exp(logs(before)), sub(logs(before), logs(now))));
}

/** Below it a probability has no logarithm in float32. */
const LEAST = 1e-30;

const logarithms = (outputs: Value, of: "logits" | "probabilities"): Value =>
  of === "logits" ? apply("LogSoftmax", [outputs], { axis: -1 }) : log(maximum(outputs, LEAST));
