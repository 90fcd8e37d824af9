import type { ExplanationMessage } from "#src/messages/types.js";
import { followJoints, meaningOf } from "#src/outputs/kinds.js";

/**
 * Σ|R| over each joint's elements, [J], in the outputs' unit; zeros where the outputs are no joints: of the modalities that have one element a joint. For one torque where
 * `joint` names it.
 */
export function jointRelevance(
  { torques, element_offsets, relevance }: ExplanationMessage,
  joint: string,
): Float64Array {
  const count = torques.length;
  if (!followJoints(torques.map(meaningOf))) return new Float64Array(count);
  const values = torques.find((torque) => torque.joint === joint)?.relevance ?? relevance;
  const sums = new Float64Array(count);
  for (let m = 0; m + 1 < element_offsets.length; m++) {
    const [from, to] = [element_offsets[m]!, element_offsets[m + 1]!];
    if (to - from !== count || to > values.length) continue;
    for (let i = 0; i < count; i++) sums[i]! += Math.abs(values[from + i]!);
  }
  return sums;
}
