import { type Random, random } from "../random.js";
import type { Targets } from "./task.js";

/** Where a goal lies: as in a condition, or anywhere by random numbers. */
export type GoalPlace = { readonly condition: number } | { readonly numbers: Random };

/** Number of a task's conditions. */
const CONDITIONS = 4;
/** Stream of the fixed places: the same for every seed. */
const PLACES = 9;

/** Name of a place's condition; empty for a place anywhere. */
export const conditionAt = (place: GoalPlace, conditions: readonly string[]): string =>
  "condition" in place ? conditions[place.condition]! : "";

/**
 * A goal of a kind.
 * @param numbers for goals that lie anywhere
 * @param pick chooses one of so many goals, from 0
 */
export function goalPlace(targets: Targets, numbers: Random, pick: (count: number) => number): GoalPlace {
  if (targets === "four") return { condition: pick(CONDITIONS) };
  return { numbers: targets === "random" ? numbers : random(PLACES, pick(targets)) };
}
