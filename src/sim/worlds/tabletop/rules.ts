import { isPortable, type Thing } from "./things.js";

/** Cells of the table in a row and a column; cell = row · 5 + column, from the upper left of the picture. */
export const COLUMNS = 5;
const ROWS = 4;
export const CELLS = COLUMNS * ROWS;

/** Things that a container holds at most. */
const ROOM_INSIDE = 3;

/** The actions, in the order of the policy's outputs. */
export const ACTIONS = ["left", "right", "forward", "back", "pick", "place", "open", "close", "stop"] as const;
export type ActionName = (typeof ACTIONS)[number];

/** Columns and rows that a move goes. Forward is away from the viewer, up in the picture. */
const MOVES: Readonly<Partial<Record<ActionName, readonly [columns: number, rows: number]>>> = {
  left: [-1, 0],
  right: [1, 0],
  forward: [0, -1],
  back: [0, 1],
};

/** Actions that act on something, which the policy's mask shows. */
export const INTERACTIONS: readonly ActionName[] = ["pick", "place", "open", "close"];

/** The table at one moment. Things are named by their index in `things`. */
export interface Table {
  readonly things: readonly Thing[];
  /** Cell of each thing; of a thing in the gripper, that of the gripper. */
  readonly cells: number[];
  /** The container that each thing is in; −1: none. */
  readonly containers: number[];
  /** Place of each thing in its container, 0 to 2. */
  readonly slots: number[];
  /** True for an open drawer. */
  readonly open: boolean[];
  /** Cell that the gripper is above. */
  gripper: number;
  /** The thing in the gripper; −1: none. */
  held: number;
}

/** What an interaction acts on: a thing, or the table in a cell. */
export type Target = { readonly thing: number } | { readonly cell: number };

/** The cell that a move leads to; at the edge of the table, the same cell. */
function moved(cell: number, [columns, rows]: readonly [columns: number, rows: number]): number {
  const [column, row] = [(cell % COLUMNS) + columns, Math.floor(cell / COLUMNS) + rows];
  return column < 0 || column >= COLUMNS || row < 0 || row >= ROWS ? cell : row * COLUMNS + column;
}

/** True where the thing is in a closed drawer. */
export function isShutAway({ things, containers, open }: Table, thing: number): boolean {
  const inside = containers[thing]!;
  return inside >= 0 && things[inside]!.kind === "drawer" && !open[inside];
}

/** Things that stand on the table in a cell, and what is in them, from the lowest to the uppermost. */
export function thingsIn({ cells, containers, slots, held }: Table, cell: number): number[] {
  const level = (thing: number): number => (containers[thing]! < 0 ? -1 : slots[thing]!);
  return [...cells.keys()]
    .filter((thing) => thing !== held && cells[thing] === cell)
    .sort((a, b) => level(a) - level(b));
}

/** Things in a container. */
const contentsOf = ({ containers }: Table, container: number): number[] =>
  [...containers.keys()].filter((thing) => containers[thing] === container);

/** What an action acts on where no mask says it: what it fits of the things under the gripper. */
export function underGripper(table: Table, action: ActionName): Target | undefined {
  const there = thingsIn(table, table.gripper);
  if (action === "place" && there.length === 0) return { cell: table.gripper };
  const fits = (thing: number): boolean => {
    const it = table.things[thing]!;
    if (action === "pick") return isPortable(it) && !isShutAway(table, thing);
    return action === "place" ? !isPortable(it) : it.kind === "drawer";
  };
  const thing = there.findLast(fits);
  return thing === undefined ? undefined : { thing };
}

/**
 * Does an action; moves at the edge of the table lead nowhere. False where an interaction fails: nothing happens then.
 * @param target what an interaction acts on; undefined where the mask shows nothing
 */
export function act(table: Table, action: ActionName, target: Target | undefined): boolean {
  const move = MOVES[action];
  if (move) {
    table.gripper = moved(table.gripper, move);
    if (table.held >= 0) table.cells[table.held] = table.gripper;
    return true;
  }
  if (action === "stop") return true;
  if (target === undefined) return false;
  if ("cell" in target) return action === "place" && placeOnTable(table, target.cell);
  if (target.thing === table.held || table.cells[target.thing] !== table.gripper) return false;
  if (action === "pick") return pick(table, target.thing);
  if (action === "place") return placeInto(table, target.thing);
  return setOpen(table, target.thing, action === "open");
}

function pick(table: Table, thing: number): boolean {
  if (table.held >= 0 || !isPortable(table.things[thing]!) || isShutAway(table, thing)) return false;
  table.held = thing;
  table.containers[thing] = -1;
  table.slots[thing] = 0;
  return true;
}

function placeOnTable(table: Table, cell: number): boolean {
  if (table.held < 0 || cell !== table.gripper || thingsIn(table, cell).length > 0) return false;
  table.held = -1;
  return true;
}

function placeInto(table: Table, container: number): boolean {
  const { things, open, held, containers, slots } = table;
  const it = things[container]!;
  const taken = contentsOf(table, container).map((thing) => slots[thing]!);
  if (held < 0 || isPortable(it) || (it.kind === "drawer" && !open[container]) || taken.length >= ROOM_INSIDE)
    return false;
  containers[held] = container;
  slots[held] = [0, 1, 2].find((slot) => !taken.includes(slot))!;
  table.held = -1;
  return true;
}

function setOpen({ things, open }: Table, thing: number, isOpen: boolean): boolean {
  if (things[thing]!.kind !== "drawer" || open[thing] === isOpen) return false;
  open[thing] = isOpen;
  return true;
}
