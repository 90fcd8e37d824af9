import type { ExplanationMessage } from "#src/messages/types.js";
import { areActions, itemOf, meaningOf, type OutputMeaning, type OutputWords, wordsOf } from "#src/outputs/kinds.js";

type Explained = Pick<ExplanationMessage, "torques"> | undefined;

const meanings = (explanation: Explained): OutputMeaning[] => (explanation?.torques ?? []).map(meaningOf);

/** Words for what an explanation explains; those of torques before the first one. */
export const wordsFor = (explanation: Explained): OutputWords => wordsOf(meanings(explanation));

/** What one of the outputs is called. */
export const itemFor = (explanation: Explained): "joint" | "action" | "output" => itemOf(meanings(explanation));

/** What is shown of all outputs together: the sum of all, or of actions the one that counts. */
export const allOf = (explanation: Explained): string =>
  isChoice(explanation) ? "the chosen action" : `all ${itemFor(explanation)}s`;

/** True where the outputs are actions, of which the policy takes one. */
export const isChoice = (explanation: Explained): boolean => areActions(meanings(explanation));

/** What the course shows of each output: of an action its probability. */
export function courseOf({ torques }: NonNullable<Explained>): {
  readonly values: readonly number[];
  readonly outputs: readonly OutputMeaning[];
} {
  const outputs = torques.map(meaningOf);
  if (!areActions(outputs)) return { values: torques.map(({ torque }) => torque), outputs };
  return {
    values: torques.map(({ probability = Number.NaN }) => probability),
    outputs: outputs.map((output) => ({ ...output, kind: "action_probability" })),
  };
}

/** Unit of relevance for one output, or for all together where the name is empty; none where they have several. */
export function unitFor(explanation: Explained, joint: string): string {
  const one = explanation?.torques.find((torque) => torque.joint === joint);
  const { unit } = one ? meaningOf(one) : wordsFor(explanation);
  return unit === "1" ? "" : unit;
}
