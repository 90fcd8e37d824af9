import { InputError } from "../errors.js";
import { probabilityProblem } from "../outputs/choice.js";
import { own } from "../own.js";
import { namesOf } from "../policy/outputs.js";
import type { Policy } from "../policy/policy.js";
import type { Tensors } from "../runtime/models.js";

/** Probabilities of a policy's actions, [J]; undefined where its outputs are no actions. */
export function probabilitiesOf({ probabilities }: Policy, outputs: Tensors): Float32Array | undefined {
  return probabilities === undefined ? undefined : (own(outputs, probabilities)!.data as Float32Array).slice();
}

/**
 * @param where what the policy was run on, for the message
 * @throws InputError where a policy's probabilities are below 0 or do not add up to 1
 */
export function checkProbabilities(policy: Policy, outputs: Tensors, where: string): void {
  const found = probabilitiesOf(policy, outputs);
  const problem = found && probabilityProblem(found, namesOf(policy.outputs));
  if (problem !== undefined) throw new InputError(`${policy.path}: ${where}: ${problem}`);
}
