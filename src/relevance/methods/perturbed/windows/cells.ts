import { apply } from "../../../../graph/apply.js";
import { add, concat, full, maximum, minimum, reshape, tensor, transpose } from "../../../../graph/build.js";
import type { Value } from "../../../../graph/value.js";
import type { Place, Places } from "./places.js";

/** Places to take along one axis, [outer, inner]: the change that is asked for, and the place; -1 in the padding. */
export interface Taken {
  readonly outer: number;
  readonly inner: number;
  readonly of: readonly number[];
  readonly at: readonly number[];
}

/** These places, one by one. */
export const each = (list: readonly Place[]): Taken => ({
  outer: list.length,
  inner: 1,
  of: list.map(({ of }) => of),
  at: list.map(({ at }) => at),
});

/** All places of an axis for each of these changes. */
export const all = (changes: readonly number[], extent: number): Taken => ({
  outer: changes.length,
  inner: extent,
  of: changes.flatMap((of) => Array<number>(extent).fill(of)),
  at: changes.flatMap(() => Array.from({ length: extent }, (_, at) => at)),
});

/** Where the cell of a row and a column stands in a table: the sum of both numbers. */
export interface Order {
  row(number: number): number;
  column(number: number): number;
}

/** Rows one after the other. */
export const rowByRow = (columns: Places): Order => ({
  row: (number) => number * columns.list.length,
  column: (number) => number,
});

/** Far below any index, and far above; two of them do not overflow. */
const FAR = 2 ** 29;

/**
 * A map of the network, [1, C, H, W], under many changes of the image: what each change makes of the cells that it
 * reaches. All others are those of the network itself.
 */
export class Cells {
  #table: Value | undefined;
  /** Numbers of columns that were taken before: each part of a layer takes the same ones. */
  readonly #columns = new Map<Taken, readonly [changed: Value, unchanged: Value]>();

  /**
   * @param map the network's own
   * @param make the changed cells, [rows · columns, C]
   * @param order of their table
   */
  constructor(
    readonly map: Value,
    readonly rows: Places,
    readonly columns: Places,
    private readonly make: () => Value,
    readonly order: Order = rowByRow(columns),
  ) {}

  /** The number of changed cells. */
  get size(): number {
    return this.rows.list.length * this.columns.list.length;
  }

  get channels(): number {
    return this.map.shape[1]!;
  }

  /** The changed cells, [rows · columns, C]. */
  get table(): Value {
    this.#table ??= this.make();
    return this.#table;
  }

  /**
   * Cells as the changes leave them, changed or not, [rows.outer, columns.outer, rows.inner, columns.inner, C].
   * @param padding what lies beyond the borders
   */
  take(rows: Taken, columns: Taken, padding = 0): Value {
    const { channels } = this;
    const own = inRows(this.map);
    const hasPadding = rows.at.includes(-1) || columns.at.includes(-1);
    const table = concat([own, this.table, ...(hasPadding ? [full([1, channels], padding)] : [])], 0);
    const first = own.shape[0]!;
    const { order } = this;
    const width = this.map.shape[3]!;
    if (!this.#columns.has(columns))
      this.#columns.set(columns, [
        index(columns, "columns", (of, at) => {
          const number = this.columns.numberOf(of, at);
          return number === -1 ? -FAR : order.column(number);
        }),
        index(columns, "columns", (_, at) => (at === -1 ? FAR : at)),
      ]);
    const [changedColumns, unchangedColumns] = this.#columns.get(columns)!;
    const changedRows = index(rows, "rows", (of, at) => {
      const number = this.rows.numberOf(of, at);
      return number === -1 ? -FAR : first + order.row(number);
    });
    const unchangedRows = index(rows, "rows", (_, at) => (at === -1 ? FAR : at * width));
    // Changed cells follow the map's own, and the padding is last: the larger index counts.
    const [changed, unchanged] = [add(changedRows, changedColumns), add(unchangedRows, unchangedColumns)];
    const any = maximum(unchanged, changed);
    const places = hasPadding ? minimum(any, tensor("int32", [], [first + this.size])) : any;
    return apply("Gather", [table, places], { axis: 0 });
  }
}

/** Numbers of one axis, to be added to those of the other. */
function index(
  { outer, inner, of, at }: Taken,
  axis: "rows" | "columns",
  to: (of: number, at: number) => number,
): Value {
  const shape = axis === "rows" ? [outer, 1, inner, 1] : [1, outer, 1, inner];
  return tensor(
    "int32",
    shape,
    at.map((place, i) => to(of[i]!, place)),
  );
}

/** A map [1, C, H, W] as [H · W, C]. */
export const inRows = (map: Value): Value => {
  const [, channels, height, width] = map.shape as [number, number, number, number];
  return reshape(transpose(map, [0, 2, 3, 1]), [height * width, channels]);
};
