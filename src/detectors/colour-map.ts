import { CELLS } from "./look.js";

/** Levels of a colour that count as one. */
const STEP = 32;
const STEPS = 256 / STEP;
const BINS = STEPS ** 3;
/** Cells around one whose colours count too. */
const AROUND = 2;

/** The colours that were seen at each place of a picture, with those near it in place and colour. */
export class ColourMap {
  /** Number of runs that have each colour at each cell, [CELLS × CELLS × BINS]. */
  readonly #count = new Uint16Array(CELLS * CELLS * BINS);

  /** Adds what `coloursOf` gives of a run. */
  add(colours: Uint32Array): void {
    for (const key of colours) this.#count[key]!++;
  }

  /** Takes it away again. */
  remove(colours: Uint32Array): void {
    for (const key of colours) this.#count[key]!--;
  }

  /** Cells whose colour was seen nowhere near. NaN are left out. */
  strange(cells: Float32Array): number[] {
    const found: number[] = [];
    for (let cell = 0; cell < CELLS * CELLS; cell++) {
      const bin = binOf(cells, cell);
      if (bin >= 0 && this.#count[cell * BINS + bin] === 0) found.push(cell);
    }
    return found;
  }
}

/** Numbers of the colours of a run's pictures at each cell, and of those near them in place and colour. */
export function coloursOf(run: readonly Float32Array[]): Uint32Array {
  const seen = new Uint8Array(CELLS * CELLS * BINS);
  const near = new Uint8Array(seen.length);
  for (const cells of run)
    for (let cell = 0; cell < CELLS * CELLS; cell++) seen[cell * BINS + Math.max(0, binOf(cells, cell))] = 1;
  for (let key = 0; key < seen.length; key++) {
    if (seen[key] === 0) continue;
    const [cell, bin] = [Math.floor(key / BINS), key % BINS];
    const [column, line] = [cell % CELLS, Math.floor(cell / CELLS)];
    const colours = binsAround(bin);
    for (let y = Math.max(0, line - AROUND); y <= Math.min(CELLS - 1, line + AROUND); y++)
      for (let x = Math.max(0, column - AROUND); x <= Math.min(CELLS - 1, column + AROUND); x++)
        for (const colour of colours) near[(y * CELLS + x) * BINS + colour] = 1;
  }
  return Uint32Array.from(near.keys()).filter((key) => near[key] === 1);
}

/** Number of a cell's colour; −1 where it has none. */
function binOf(cells: Float32Array, cell: number): number {
  const [red, green, blue] = [cells[3 * cell]!, cells[3 * cell + 1]!, cells[3 * cell + 2]!];
  if (Number.isNaN(red)) return -1;
  const level = (value: number) => Math.min(STEPS - 1, Math.floor(value / STEP));
  return (level(red) * STEPS + level(green)) * STEPS + level(blue);
}

const AROUND_BINS = new Map<number, readonly number[]>();

/** A colour and those one level from it. */
function binsAround(bin: number): readonly number[] {
  const known = AROUND_BINS.get(bin);
  if (known) return known;
  const levels = [Math.floor(bin / STEPS / STEPS), Math.floor(bin / STEPS) % STEPS, bin % STEPS];
  const near = (level: number) => [level - 1, level, level + 1].filter((value) => value >= 0 && value < STEPS);
  const found = near(levels[0]!).flatMap((red) =>
    near(levels[1]!).flatMap((green) => near(levels[2]!).map((blue) => (red * STEPS + green) * STEPS + blue)),
  );
  AROUND_BINS.set(bin, found);
  return found;
}
