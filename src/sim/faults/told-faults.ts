import { wordsOf } from "../../language/vocabulary.js";
import type { FaultRow } from "./fault.js";

/** Faults of what a policy is told: its instruction, and the action that it took before. */
export const TOLD_FAULTS = {
  words_swapped: {
    of: "words",
    text: "words of the instruction change places",
    amount: { unit: "pairs", default: 3, range: [1, 20] },
    begin: ({ amount, random }) => {
      let heard: string | undefined;
      let told = "";
      return (sensed) => {
        const { instruction } = sensed;
        if (instruction === undefined) return { sensed };
        if (instruction !== heard) {
          heard = instruction;
          told = swapped(wordsOf(instruction), Math.round(amount), (below) => random.integer(below)).join(" ");
        }
        return { sensed: { ...sensed, instruction: told } };
      };
    },
  },
  other_previous_action: {
    of: "action",
    text: "the previous action that the policy is told of is another one than it took",
    begin: ({ random }) => {
      return (sensed) => {
        const { previous_action: taken, ...others } = sensed.values;
        if (!taken?.includes(1)) return { sensed };
        const other = new Float64Array(taken.length);
        other[(taken.indexOf(1) + 1 + random.integer(taken.length - 1)) % taken.length] = 1;
        return { sensed: { ...sensed, values: { ...others, previous_action: other } } };
      };
    },
  },
} as const satisfies Readonly<Record<string, FaultRow>>;

/** Words after pairs of different ones changed places. */
function swapped(words: readonly string[], pairs: number, integer: (below: number) => number): string[] {
  const changed = [...words];
  if (new Set(words).size < 2) return changed;
  for (let left = pairs; left > 0; ) {
    const [a, b] = [integer(changed.length), integer(changed.length)];
    if (changed[a] === changed[b]) continue;
    [changed[a], changed[b]] = [changed[b]!, changed[a]!];
    left--;
  }
  return changed;
}
