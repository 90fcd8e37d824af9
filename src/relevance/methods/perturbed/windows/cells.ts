import { apply } from "../../../../graph/apply.js";
import {
  add,
  concat,
  full,
  maximum,
  minimum,
  reshape,
  sub,
  tensor,
  transpose,
  zeros,
} from "../../../../graph/build.js";
import type { Value } from "../../../../graph/value.js";
import { NONE, type Place, type Places, type Sliding, seen } from "./places.js";

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

/** How the cells of rows and columns follow each other in a table. */
export interface Order {
  /** A cell's number is the sum of its row's and its column's. */
  row(number: number): number;
  column(number: number): number;
  /** The cells of a map [1, C, H, W] at these rows and columns: axes of extent 1 are those along which they repeat. */
  unchanged(map: Value): Value;
  /** The table's extents along the same axes, for C channels: long runs, which runtimes add fastest. */
  runs(channels: number): readonly number[];
}

/** Rows one after the other. */
export const rowByRow = (rows: Places, columns: Places): Order => ({
  row: (number) => number * columns.list.length,
  column: (number) => number,
  unchanged: (map) => unchangedRows(map, rows.list, columns.list),
  runs: (channels) => [rows.list.length, columns.list.length * channels],
});

/** A map's own cells at these places, [rows, columns · C]. */
export function unchangedRows(map: Value, rows: readonly Place[], columns: readonly Place[]): Value {
  const [, channels, height, width] = map.shape as [number, number, number, number];
  const at = (list: readonly Place[]) =>
    tensor(
      "int32",
      [list.length],
      list.map((place) => place.at),
    );
  const across = apply("Gather", [reshape(inRows(map), [height, width, channels]), at(columns)], { axis: 1 });
  return apply("Gather", [reshape(across, [height, columns.length * channels]), at(rows)], { axis: 0 });
}

/** Where the cells of a map under changes come from. Tables are [rows · columns, C]. */
export interface Source {
  /** The changed cells. */
  values(): Value;
  /** Of a linear layer: what the changes add, plus the cells of this map in place of the layer's own. */
  plus?(base: Value): Value;
  /** What the changes add, where that takes less than to subtract the map's own cells from the changed ones. */
  differences?(): Value;
}

/** The cells of a linear layer. */
export const linear = (map: Value, plus: (base: Value) => Value): Source => ({ values: () => plus(map), plus });

/** Far below any index, and far above; two of them do not overflow. */
const FAR = 2 ** 29;

/**
 * A map of the network, [1, C, H, W], under many changes of the image: what each change makes of the cells that it
 * reaches. All others are those of the network itself.
 */
export class Cells {
  #table: Value | undefined;
  #differences: Value | undefined;
  #withZero: Value | undefined;
  /** Numbers of columns that were taken before: each part of a layer takes the same ones. */
  readonly #columns = new Map<Taken, readonly [changed: Value, unchanged: Value]>();

  /**
   * @param map the network's own
   * @param source of the changed cells
   * @param order of their table
   */
  constructor(
    readonly map: Value,
    readonly rows: Places,
    readonly columns: Places,
    readonly source: Source,
    readonly order: Order = rowByRow(rows, columns),
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
    this.#table ??= this.#differences ? this.#added(this.#differences, add) : this.source.values();
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

  /**
   * What the changes add to cells, zero where they add nothing and in the padding, [rows.outer, columns.outer,
   * rows.inner, columns.inner, C].
   */
  takeDifferences(rows: Taken, columns: Taken): Value {
    const table = this.#differencesAndZero();
    const places = (taken: Taken, axis: "rows" | "columns") =>
      index(taken, axis, (of, at) => {
        const number = this[axis].numberOf(of, at);
        return number === -1 ? FAR : axis === "rows" ? this.order.row(number) : this.order.column(number);
      });
    const any = add(places(rows, "rows"), places(columns, "columns"));
    const last = tensor("int32", [], [table.shape[0]! - 1]);
    return apply("Gather", [table, minimum(any, last)], { axis: 0 });
  }

  /** What the changes add to each cell, and a cell that nothing reaches behind them. */
  #differencesAndZero(): Value {
    this.#differences ??= this.source.differences?.() ?? this.#added(this.table, sub);
    const isLastZero = [this.rows, this.columns].some(({ list }) => list.at(-1)?.of === NONE);
    if (isLastZero) return this.#differences;
    this.#withZero ??= concat([this.#differences, zeros([1, this.channels])], 0);
    return this.#withZero;
  }

  /** A table plus or less the map's own cells. */
  #added(table: Value, by: typeof add): Value {
    const { channels, order } = this;
    return reshape(by(reshape(table, order.runs(channels)), order.unchanged(this.map)), [this.size, channels]);
  }
}

/** The cells that each window sees, [places, kernel]. */
export function windows(list: readonly Place[], sliding: Sliding): Taken {
  const { kernel } = sliding;
  const seeing = list.flatMap(({ of, at }) =>
    Array.from({ length: kernel }, (_, k) => ({ of, at: seen(sliding, at, k) })),
  );
  return { ...each(seeing), outer: list.length, inner: kernel };
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
