import { wordsOf } from "../../../language/vocabulary.js";
import { type Random, random } from "../../random.js";
import { isMet, type SubGoal } from "./goals.js";
import { INSTRUCTION_LENGTH, sentenceFor } from "./grammar.js";
import { CELLS, type Table } from "./rules.js";
import { COLOURS, isHeldOut, isPortable, type Kind, type Thing, thingNumber } from "./things.js";

/** Which episodes: without the held-out combinations of kind and colour, or such that name one at least. */
export type Split = "seen" | "unseen";

/** How an episode begins, and what is asked for. */
export interface Layout {
  readonly table: Table;
  readonly goals: readonly SubGoal[];
  readonly instruction: string;
}

const PORTABLE: readonly Kind[] = ["block", "ball", "cup"];
/** Chances of one to four sub-goals. */
const COUNTS = [0.4, 0.3, 0.2, 0.1];
/** Chances that something begins in a bowl, and that a drawer begins open. */
const BEGINS_INSIDE = 0.15;
const BEGINS_OPEN = 0.5;
/** Attempts to say the same in fewer words. */
const SENTENCES = 8;

/** The layout of an episode: it follows from split, seed and episode. */
export function layoutOf(split: Split, seed: number, episode: number): Layout {
  const numbers = random(seed, episode, split === "seen" ? 20 : 21);
  let count = 1;
  for (let chance = numbers.uniform() - COUNTS[0]!; chance >= 0 && count < COUNTS.length; count++)
    chance -= COUNTS[count]!;
  for (;;) {
    const table = tableOf(split, numbers);
    const goals = goalsFor(table, count, numbers);
    if (goals === undefined) continue;
    const named = goals.flatMap((goal) => (goal.kind === "put" ? [goal.thing, goal.into] : [goal.thing]));
    if (split === "unseen" && !named.some((thing) => isHeldOut(table.things[thing]!))) continue;
    for (let attempt = 0; attempt < SENTENCES; attempt++) {
      const instruction = sentenceFor(table.things, goals, numbers);
      if (wordsOf(instruction).length <= INSTRUCTION_LENGTH - 2) return { table, goals, instruction };
    }
  }
}

/** Three things to carry, one or two bowls, one or two drawers, everything in a cell of its own at first. */
function tableOf(split: Split, numbers: Random): Table {
  const things: Thing[] = [];
  const add = (kinds: readonly Kind[]): void => {
    for (;;) {
      const thing = { kind: kinds[numbers.integer(kinds.length)]!, colour: COLOURS[numbers.integer(COLOURS.length)]! };
      if (split === "seen" && isHeldOut(thing)) continue;
      if (things.some((other) => thingNumber(other) === thingNumber(thing))) continue;
      things.push(thing);
      return;
    }
  };
  for (let i = 0; i < 3; i++) add(PORTABLE);
  for (const kind of ["bowl", "drawer"] as const) for (let i = 1 + numbers.integer(2); i > 0; i--) add([kind]);
  const cells: number[] = [];
  while (cells.length < things.length) {
    const cell = numbers.integer(CELLS);
    if (!cells.includes(cell)) cells.push(cell);
  }
  const containers = things.map(() => -1);
  const bowl = things.findIndex(({ kind }) => kind === "bowl");
  const first = things.findIndex(isPortable);
  if (numbers.uniform() < BEGINS_INSIDE) {
    containers[first] = bowl;
    cells[first] = cells[bowl]!;
  }
  return {
    things,
    cells,
    containers,
    slots: things.map(() => 0),
    open: things.map(({ kind }) => kind === "drawer" && numbers.uniform() < BEGINS_OPEN),
    gripper: numbers.integer(CELLS),
    held: -1,
  };
}

/**
 * So many sub-goals that can hold together, none met at the start but the closing of a drawer that something has to go
 * into before; undefined where chance led to none.
 */
function goalsFor(table: Table, count: number, numbers: Random): SubGoal[] | undefined {
  const { things } = table;
  const goals: SubGoal[] = [];
  const of = (list: readonly number[]): number => list[numbers.integer(list.length)]!;
  const all = [...things.keys()];
  const portable = all.filter((i) => isPortable(things[i]!));
  const containers = all.filter((i) => !isPortable(things[i]!));
  const drawers = containers.filter((i) => things[i]!.kind === "drawer");
  const isFilled = (drawer: number): boolean => goals.some((goal) => goal.kind === "put" && goal.into === drawer);
  const isMoved = (drawer: number): boolean =>
    goals.some(({ kind, thing }) => (kind === "open" || kind === "close") && thing === drawer);
  while (goals.length < count) {
    const isLast = goals.length === count - 1;
    const free = portable.filter((thing) => !goals.some((goal) => goal.thing === thing));
    const choices: (() => SubGoal)[] = [];
    const into = containers.filter((drawer) => !goals.some(({ kind, thing }) => kind === "close" && thing === drawer));
    if (free.length > 0 && into.length > 0) {
      const put = (): SubGoal => ({ kind: "put", thing: of(free), into: of(into) });
      choices.push(put, put, put);
    }
    const closable = drawers.filter((drawer) => !isMoved(drawer) && (table.open[drawer] || isFilled(drawer)));
    if (closable.length > 0) choices.push(() => ({ kind: "close", thing: of(closable) }));
    const openable = drawers.filter((drawer) => !isMoved(drawer) && !table.open[drawer] && !isFilled(drawer));
    if (openable.length > 0) choices.push(() => ({ kind: "open", thing: of(openable) }));
    if (isLast && free.length > 0) choices.push(() => ({ kind: "hold", thing: of(free) }));
    if (choices.length === 0) return undefined;
    const goal = choices[numbers.integer(choices.length)]!();
    if (goal.kind === "put" && isMet(table, goal)) return undefined;
    goals.push(goal);
  }
  return goals;
}
