import { areActions } from "../outputs/kinds.js";
import type { Policy } from "../policy/policy.js";
import type { Tensors } from "../runtime/models.js";
import { float32 } from "../runtime/session.js";
import type { Weights } from "./heatmap-subject.js";

/** The inputs of a compiled policy besides its own: weights of the outputs' relevance. */
export const weightFeeds = ({ outputs }: Pick<Policy, "outputs">, { each, chosen }: Weights): Tensors => ({
  "torquelens.importance": float32(each, [each.length]),
  ...(areActions(outputs) && { "torquelens.chosen": float32(Float32Array.of(chosen), []) }),
});

/** α of an observation; where it has none 1 of each output, of actions 1 of the one that is taken. */
export function weightsIn(importance: ArrayLike<number>, outputs: Policy["outputs"]): Weights {
  if (importance.length > 0) return { each: Float32Array.from(importance), chosen: 0 };
  const chosen = Number(areActions(outputs));
  return { each: new Float32Array(outputs.length).fill(1 - chosen), chosen };
}
