import { CELLS } from "./look.js";

/** Pictures at the starts of good runs, and by how much these differ from each other, cell by cell. */
export interface Starts {
  /** Pictures of each run. */
  readonly runs: readonly (readonly Float32Array[])[];
  /** Largest difference of a cell, or of one beside it, from the other runs' at the same place, levels, [CELLS × CELLS]. */
  readonly usual: Float32Array;
  /** Largest strangeness of a good run's start beside the other runs, in cells. */
  readonly strange: number;
}

/** Levels that a cell may differ by where good runs do not differ. */
const LEVELS = 4;
/** How many times the usual difference is unusual, and how much one cell counts at most. */
const TIMES = 1.5;
const MOST = 3;

/** What starts of good runs differ by: at cells of an arm much, at those of a goal that is always in some few places little. */
export function startsOf(runs: readonly (readonly Float32Array[])[]): Starts {
  const differences = runs.map((run, r) => {
    const others = runs.filter((_, other) => other !== r);
    return run.map((cells) => differenceFrom(cells, others)).reduce(largest, new Float32Array(CELLS * CELLS));
  });
  const usualOf = (of: readonly Float32Array[]) => around(of.reduce(largest, new Float32Array(CELLS * CELLS)));
  const strange = differences.map((own, r) =>
    strangenessOf(own, usualOf(differences.filter((_, other) => other !== r))),
  );
  return { runs, usual: usualOf(differences), strange: Math.max(0, ...strange) };
}

/** How many cells of a run's start are as in no good run, by how far they are; 0 for usual differences. */
export const strangeStart = (cells: Float32Array, { runs, usual }: Starts): number =>
  strangenessOf(differenceFrom(cells, runs), usual);

const strangenessOf = (difference: Float32Array, usual: Float32Array): number =>
  difference.reduce(
    (sum, value, cell) => sum + Math.min(MOST, Math.max(0, value / (TIMES * usual[cell]! + LEVELS) - 1)),
    0,
  );

/** Difference of each cell from the most similar one of the runs at the same place, levels; 0 where a cell has no pixel. */
function differenceFrom(cells: Float32Array, runs: Starts["runs"]): Float32Array {
  const least = new Float32Array(CELLS * CELLS).fill(Number.POSITIVE_INFINITY);
  for (const run of runs)
    for (const other of run)
      for (let cell = 0; cell < least.length; cell++) {
        const at = 3 * cell;
        const apart = Math.max(
          Math.abs(cells[at]! - other[at]!),
          Math.abs(cells[at + 1]! - other[at + 1]!),
          Math.abs(cells[at + 2]! - other[at + 2]!),
        );
        if (apart < least[cell]!) least[cell] = apart;
      }
  return least.map((value) => (Number.isFinite(value) ? value : 0));
}

const largest = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, k) => Math.max(value, b[k]!));

/** The largest of each cell and those beside it. */
function around(values: Float32Array): Float32Array {
  return values.map((_, cell) => {
    const [column, line] = [cell % CELLS, Math.floor(cell / CELLS)];
    let most = 0;
    for (let y = Math.max(0, line - 1); y <= Math.min(CELLS - 1, line + 1); y++)
      for (let x = Math.max(0, column - 1); x <= Math.min(CELLS - 1, column + 1); x++)
        most = Math.max(most, values[y * CELLS + x]!);
    return most;
  });
}
