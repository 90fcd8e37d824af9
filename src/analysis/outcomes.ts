import type { Topic } from "../bag/bag.js";
import { InputError } from "../errors.js";
import { OUTCOME_TOPIC, type Outcome, parseOutcome } from "../outcome/outcome.js";

/** True for a topic on which the outcome of a run follows its last tick. */
export const isOutcome = ({ name, type }: Topic): boolean =>
  `/${name}`.endsWith(OUTCOME_TOPIC) && /^std_msgs\/(msg\/)?(String|Bool)$/.test(type);

/**
 * The outcome in a message.
 * @param problem called with what is wrong with one that holds something else
 */
export function outcomeIn(
  { data }: { readonly data: unknown },
  { name }: Topic,
  problem: (text: string) => void,
): { readonly outcome?: Outcome } {
  try {
    return { outcome: parseOutcome(String(data), name) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problem(error.message);
    return {};
  }
}
