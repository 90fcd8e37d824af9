import { nextGoal, type SubGoal } from "./goals.js";
import { type ActionName, act, CELLS, COLUMNS, isShutAway, type Table, type Target, thingsIn } from "./rules.js";

/** What the expert does now. */
export interface Advice {
  readonly action: ActionName;
  /** What an interaction acts on. */
  readonly target: Target | undefined;
  /** Index of the sub-goal that it works on; −1 where all are met. */
  readonly goal: number;
}

/**
 * The expert's next action in any state of the table: each sub-goal in turn by the fewest actions, as `nextGoal` chooses
 * them, then `stop`. A gripper that is full with something else is emptied on the nearest free cell.
 */
export function advise(table: Table, goals: readonly SubGoal[]): Advice {
  const goal = nextGoal(table, goals);
  const now = goals[goal];
  const { action, target } = now ? towards(table, now) : { action: "stop" as const, target: undefined };
  return { action, target, goal };
}

type Step = Omit<Advice, "goal">;

function towards(table: Table, goal: SubGoal): Step {
  if (goal.kind === "open" || goal.kind === "close") return onThing(table, goal.kind, goal.thing);
  if (goal.kind === "put" && table.held === goal.thing) {
    const isShut = table.things[goal.into]!.kind === "drawer" && !table.open[goal.into];
    return onThing(table, isShut ? "open" : "place", goal.into);
  }
  if (table.held >= 0) return emptyGripper(table);
  return isShutAway(table, goal.thing)
    ? onThing(table, "open", table.containers[goal.thing]!)
    : onThing(table, "pick", goal.thing);
}

/** Goes to a thing, and acts on it there. */
function onThing(table: Table, action: ActionName, thing: number): Step {
  return goTo(table, table.cells[thing]!) ?? { action, target: { thing } };
}

/** Puts what the gripper holds on the nearest free cell; of equally near ones, the first. */
function emptyGripper(table: Table): Step {
  let nearest = -1;
  for (let cell = 0; cell < CELLS; cell++) {
    if (thingsIn(table, cell).length > 0) continue;
    if (nearest < 0 || distance(table.gripper, cell) < distance(table.gripper, nearest)) nearest = cell;
  }
  return goTo(table, nearest) ?? { action: "place", target: { cell: nearest } };
}

/** A step of a shortest way to a cell, across before along; undefined where the gripper is there. */
function goTo({ gripper }: Table, cell: number): Step | undefined {
  const columns = (cell % COLUMNS) - (gripper % COLUMNS);
  const rows = Math.floor(cell / COLUMNS) - Math.floor(gripper / COLUMNS);
  if (columns !== 0) return { action: columns < 0 ? "left" : "right", target: undefined };
  if (rows !== 0) return { action: rows < 0 ? "forward" : "back", target: undefined };
  return undefined;
}

/** Moves between two cells. */
function distance(a: number, b: number): number {
  return Math.abs((a % COLUMNS) - (b % COLUMNS)) + Math.abs(Math.floor(a / COLUMNS) - Math.floor(b / COLUMNS));
}

/** Actions that the expert needs from here on, `stop` included. */
export function expertLength(table: Table, goals: readonly SubGoal[]): number {
  const copy = copyOf(table);
  for (let steps = 1; ; steps++) {
    const { action, target } = advise(copy, goals);
    if (action === "stop") return steps;
    act(copy, action, target);
  }
}

const copyOf = (table: Table): Table => ({
  ...table,
  cells: [...table.cells],
  containers: [...table.containers],
  slots: [...table.slots],
  open: [...table.open],
});
