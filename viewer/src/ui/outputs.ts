import type { ExplanationMessage } from "#src/messages/types.js";
import { followJoints, meaningOf, type OutputWords, wordsOf } from "#src/outputs/kinds.js";

type Explained = Pick<ExplanationMessage, "torques"> | undefined;

/** Words for what an explanation explains; those of torques before the first one. */
export const wordsFor = (explanation: Explained): OutputWords => wordsOf((explanation?.torques ?? []).map(meaningOf));

/** The others of one output: all outputs are joints', or some are not. */
export const othersOf = (explanation: Explained): "joints" | "outputs" =>
  followJoints((explanation?.torques ?? []).map(meaningOf)) ? "joints" : "outputs";

/** Unit of relevance for one output, or for all together where the name is empty; none where they have several. */
export function unitFor(explanation: Explained, joint: string): string {
  const one = explanation?.torques.find((torque) => torque.joint === joint);
  const { unit } = one ? meaningOf(one) : wordsFor(explanation);
  return unit === "1" ? "" : unit;
}
