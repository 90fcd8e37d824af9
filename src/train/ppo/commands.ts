import type { ActionSpace, ContinuousActions } from "../../sim/worlds/world.js";

/** Middle of a bounded command, and its distance from the bounds. */
interface Range {
  readonly middle: number;
  readonly half: number;
}

/** The ranges of a world's continuous actions. The head's numbers are parts of `half`, from `middle` on. */
export const rangesOf = ({ low, high }: ContinuousActions): readonly Range[] =>
  low.map((bound, i) => ({ middle: (high[i]! + bound) / 2, half: (high[i]! - bound) / 2 }));

/** Writes what the world is told, from an action as the training keeps it. */
type Command = (action: Float32Array, at: number, told: Float64Array, to: number) => void;

/** The actions of a head as a world takes them: the number of a name, or numbers in their units. */
export function commandOf(actions: ActionSpace): Command {
  if (actions.kind === "discrete") {
    return (action, at, told, to) => {
      told[to] = action.indexOf(1, at) - at;
    };
  }
  const ranges = rangesOf(actions);
  return (action, at, told, to) => {
    for (const [i, { middle, half }] of ranges.entries()) told[to + i] = middle + half * action[at + i]!;
  };
}
