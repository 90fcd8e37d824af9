/** Stands for the action that a policy takes where an action's name is asked for; no action is called so. */
export const CHOSEN = "chosen";

/** Index of the action that a policy takes: the most probable one, the first of several. */
export function chosenOf(values: ArrayLike<number>): number {
  let chosen = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[chosen]!) chosen = i;
  return chosen;
}

/** Farthest that the sum of probabilities may be from 1. */
const ROUNDING = 1e-3;

/** Why these numbers are no probabilities of these actions, in words; undefined where they are. */
export function probabilityProblem(values: ArrayLike<number>, names: readonly string[]): string | undefined {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0)) return `the probability of ${names[i]} is ${value}, expected 0 to 1`;
    sum += value;
  }
  if (Math.abs(sum - 1) <= ROUNDING) return undefined;
  return `the probabilities of ${names.join(", ")} add up to ${Number(sum.toPrecision(4))}, expected 1`;
}
