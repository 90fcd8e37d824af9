import { apply } from "../../graph/apply.js";
import {
  add,
  cast,
  equal,
  greater,
  int64,
  lessOrEqual,
  logicalAnd,
  logicalNot,
  matmul,
  matrixTranspose,
  mul,
  reduceMax,
  reshape,
  scalar,
  sub,
  sum,
  tensor,
  where,
  zeros,
} from "../../graph/build.js";
import { loop } from "../../graph/loop.js";
import type { Value } from "../../graph/value.js";

/** Tiles may start at every second cell. */
const STEP = 2;

/** Tiles of a map, chosen for one observation. */
export interface Tiles {
  /** True where the tiles hold all relevance but the part that may be omitted. */
  readonly suffice: Value;
  /** Number of tiles, int64 scalar. */
  readonly count: Value;
  /** The map's cells that are in no tile: ones, [h, w]. */
  readonly rest: Value;
  /** First row and column of a tile, int64 [2]. */
  startOf(i: Value): Value;
  /** The tile's rows and columns: ones, [h, 1] and [1, w]. */
  cellsOf(i: Value): readonly [rows: Value, columns: Value];
}

/**
 * Chooses tiles of a map greedily: the one with most of the mass that is left, until the rest may be omitted. Ends as soon
 * as the tiles that are allowed cannot suffice.
 * @param mass how much every cell matters, ≥ 0, [h, w]
 * @param tile cells of a tile along either axis
 * @param most tiles at most
 * @param omit the part of the mass that may be left out
 */
export function chooseTiles(mass: Value, tile: number, most: number, omit: number): Tiles {
  const [h, w] = mass.shape as [number, number];
  const [rows, columns] = [bands(h, tile), bands(w, tile)] as const;
  const across = columns.shape[0]!;
  const allowed = mul(sum(mass), omit);
  const sumsOf = (left: Value) => reshape(matmul(matmul(rows, left), matrixTranspose(columns)), [-1]);
  /** True where more is left than may be, and so many of the heaviest tile would take it. */
  const goesOn = (left: Value, sums: Value, tiles: Value) => {
    const excess = sub(sum(left), allowed);
    return logicalAnd(
      greater(excess, 0),
      logicalNot(greater(excess, mul(reduceMax(sums), cast(sub(scalar(most, "int64"), tiles), "float32")))),
    );
  };
  const numbers = int64(Array.from({ length: most }, (_, k) => k));
  const none = scalar(0, "int64");
  const start = [mass, sumsOf(mass), zeros([most], "int64"), none];
  const first = goesOn(start[0]!, start[1]!, none);
  const [left, , chosen, count] = loop({ most: scalar(most, "int64"), start, first }, (i, [before, sums, places]) => {
    const place = apply("ArgMax", [sums!], { axis: 0, keepdims: 0 });
    const [row, column] = cellsAt(place);
    const after = sub(before!, mul(before!, mul(row, column)));
    const now = sumsOf(after);
    const made = add(i, scalar(1, "int64"));
    const written = where(equal(numbers, i), place, places!);
    return { state: [after, now, written, made], goOn: goesOn(after, now, made) };
  }) as [Value, Value, Value, Value];

  function cellsAt(place: Value): [rows: Value, columns: Value] {
    const [y, x] = split(place, across);
    const line = (all: Value, index: Value) => apply("Gather", [all, index], { axis: 0 });
    return [reshape(line(rows, y), [h, 1]), reshape(line(columns, x), [1, w])];
  }
  const placeOf = (i: Value) => apply("Gather", [chosen, i], { axis: 0 });
  return {
    suffice: lessOrEqual(sum(left), allowed),
    count,
    rest: cast(equal(left, mass), "float32"),
    startOf: (i) => {
      const [y, x] = split(placeOf(i), across);
      const both = apply("Concat", [reshape(y, [1]), reshape(x, [1])], { axis: 0 });
      return mul(both, scalar(STEP, "int64"));
    },
    cellsOf: (i) => cellsAt(placeOf(i)),
  };
}

/** Row and column of a place. */
function split(place: Value, across: number): [y: Value, x: Value] {
  const wide = scalar(across, "int64");
  const y = apply("Div", [place, wide]);
  return [y, sub(place, mul(y, wide))];
}

/** For each start of a tile along an axis, ones at its cells: [starts, cells]. The last tile reaches the end. */
function bands(cells: number, tile: number): Value {
  const starts = Math.max(1, Math.ceil((cells - tile) / STEP) + 1);
  const ones = Float32Array.from({ length: starts * cells }, (_, k) => {
    const from = STEP * Math.floor(k / cells);
    const at = k % cells;
    return at >= from && at < from + tile ? 1 : 0;
  });
  return tensor("float32", [starts, cells], ones);
}
