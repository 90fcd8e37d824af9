import type { Literal } from "../../../../graph/literal.js";

/**
 * Masks at a grid of positions, each a sum of products of a column and a row: Σ down[t][row] ⊗ across[t][column], times
 * `scale`. Zeros of the tables are places that a mask leaves as they are.
 */
export interface SeparableMasks {
  /** [rows, H] each. */
  readonly down: readonly Literal[];
  /** [columns, W] each. */
  readonly across: readonly Literal[];
  /** [rows · columns], 1 by default. */
  readonly scale?: Literal;
}

/** What a mask does along one axis of a map: its numbers, one for each of its products, and the places that it changes. */
export class AlongAxis {
  readonly changes: number;
  readonly #tables: readonly { readonly numbers: Float64Array; readonly extent: number }[];

  /** @param offset place of the image's first pixel on the map's axis */
  constructor(
    tables: readonly Literal[],
    private readonly offset: number,
  ) {
    this.changes = tables[0]!.shape[0]!;
    this.#tables = tables.map((table) => ({
      numbers: Float64Array.from(table.numbers()),
      extent: table.shape[1]!,
    }));
  }

  get products(): number {
    return this.#tables.length;
  }

  /** The mask's number in one of its products; 0 beyond the image. */
  number(product: number, change: number, at: number): number {
    const { numbers, extent } = this.#tables[product]!;
    const pixel = at - this.offset;
    return pixel >= 0 && pixel < extent ? numbers[change * extent + pixel]! : 0;
  }

  /** Places of an axis of `extent` that a change reaches. */
  reached(change: number, extent: number): number[] {
    return Array.from({ length: extent }, (_, at) => at).filter((at) =>
      this.#tables.some((_, product) => this.number(product, change, at) !== 0),
    );
  }
}
