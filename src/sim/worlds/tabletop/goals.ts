import type { Table } from "./rules.js";

/** One part of an instruction. Things are named by their index in `Table.things`. */
export type SubGoal =
  | { readonly kind: "put"; readonly thing: number; readonly into: number }
  | { readonly kind: "open" | "close" | "hold"; readonly thing: number };

/** True where the table is as a sub-goal asks. */
export function isMet({ containers, open, held }: Table, goal: SubGoal): boolean {
  if (goal.kind === "put") return containers[goal.thing] === goal.into;
  if (goal.kind === "hold") return held === goal.thing;
  return open[goal.thing] === (goal.kind === "open");
}

/**
 * Index of the sub-goal to work on, −1 where all are met: the first that is not met, but one whose thing is in the gripper
 * goes first, and a drawer is not closed before what has to go in or out has done so.
 */
export function nextGoal(table: Table, goals: readonly SubGoal[]): number {
  const open = [...goals.keys()].filter((i) => !isMet(table, goals[i]!));
  const carried = open.find((i) => goals[i]!.kind === "put" && goals[i]!.thing === table.held);
  if (carried !== undefined) return carried;
  const needs = (drawer: number): boolean =>
    open.some((i) => {
      const goal = goals[i]!;
      if (goal.kind === "put" && goal.into === drawer) return true;
      return (goal.kind === "put" || goal.kind === "hold") && table.containers[goal.thing] === drawer;
    });
  return open.find((i) => goals[i]!.kind !== "close" || !needs(goals[i]!.thing)) ?? -1;
}
