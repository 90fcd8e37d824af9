import { apply } from "../../../graph/apply.js";
import { inRows } from "../../../graph/batch.js";
import { add, cast, equal, expand, input, int64, minimum, mul, reshape, scalar, slice } from "../../../graph/build.js";
import { type DType, isFloat } from "../../../graph/dtype.js";
import { sumOverSteps } from "../../../graph/loop.js";
import { sizeOf } from "../../../graph/shape.js";
import { substitute } from "../../../graph/substitute.js";
import { topologicalOrder, type Value } from "../../../graph/value.js";
import type { Network } from "../../contract/facts.js";

/** Elements of the largest tensor of one batch: some megabytes, so that a batch stays near the processor. */
const LARGEST = 2 ** 20;

/** Changed observations in one batch: their numbers, int64 [rows], and how many. */
export interface Rows {
  readonly numbers: Value;
  readonly rows: number;
}

/** A network's outputs for many changes of one input, in batches of a size that bounds memory. */
export class Changes {
  readonly #isBatched: boolean;

  constructor(
    readonly network: Network,
    readonly input: Value,
  ) {
    this.#isBatched = this.#inRows(probe(input, 2), 2) !== undefined;
  }

  /** Shape of one changed input: the input's, without an axis 0 of one row. */
  get shape(): readonly number[] {
    const { shape } = this.input;
    return shape[0] === 1 ? shape.slice(1) : shape;
  }

  /** The explained outputs for changed inputs [rows, …shape], [rows, J]. */
  outputs(changed: Value, rows: number): Value {
    const { input, network } = this;
    const { torques, commanded } = network;
    const fed = cast(changed, fedAs(input));
    const found = this.#isBatched
      ? this.#inRows(fed, rows)!
      : substitute([commanded], new Map([[input, reshape(fed, input.shape)]]))[0]!;
    // The same outputs for all rows where they do not depend on the input.
    return found === commanded
      ? expand(reshape(found, [1, torques]), [rows, torques])
      : reshape(found, [rows, torques]);
  }

  /**
   * Σ over changes 0 … count − 1 of what `of` makes of a batch. A last batch that is not full repeats the last change;
   * `isNew`, float32 [rows], is 0 for repetitions.
   */
  sum(count: number, of: (batch: Rows & { readonly isNew: Value }) => readonly Value[]): Value[] {
    return this.#overBatches(count, (batch, { all }) =>
      of({ ...batch, isNew: cast(equal(all, batch.numbers), "float32") }),
    );
  }

  /** What `of` makes of each change, [count, n]: of a batch it gives [rows, n]. */
  each(count: number, of: (batch: Rows) => Value): Value {
    const { rows, batches } = this.#batches(count);
    const [found] = this.#overBatches(count, (batch, { step }) => {
      const made = of(batch);
      const here = cast(equal(counted(batches), step), "float32");
      return [mul(reshape(here, [batches, 1]), reshape(made, [1, sizeOf(made.shape)]))];
    });
    return slice(reshape(found!, [batches * rows, sizeOf(found!.shape) / batches / rows]), 0, 0, count);
  }

  #overBatches(
    count: number,
    of: (batch: Rows, at: { readonly step: Value; readonly all: Value }) => readonly Value[],
  ): Value[] {
    const { rows, batches } = this.#batches(count);
    const at = (step: Value): readonly Value[] => {
      const all = add(counted(rows), mul(step, scalar(rows, "int64")));
      return of({ numbers: minimum(all, scalar(count - 1, "int64")), rows }, { step, all });
    };
    return batches === 1 ? [...at(scalar(0, "int64"))] : sumOverSteps(batches, at);
  }

  #batches(count: number): { rows: number; batches: number } {
    if (!this.#isBatched) return { rows: 1, batches: count };
    const most = Math.max(1, Math.floor(LARGEST / this.#largest()));
    const batches = Math.ceil(count / most);
    return { rows: Math.ceil(count / batches), batches };
  }

  /** Elements of the largest tensor that changes with the input. */
  #largest(): number {
    const changing = new Set([this.input.node]);
    let largest = sizeOf(this.input.shape);
    for (const node of topologicalOrder([this.network.commanded])) {
      if (!node.inputs.some((value) => value && changing.has(value.node))) continue;
      changing.add(node);
      for (const { shape } of node.outputs) largest = Math.max(largest, sizeOf(shape));
    }
    return largest;
  }

  /** The outputs [rows · J] for changed inputs of any shape. */
  #inRows(changed: Value, rows: number): Value | undefined {
    const [first = 1, ...rest] = this.input.shape;
    const inOrder = reshape(changed, [rows * first, ...rest]);
    return inRows([this.network.commanded], new Map([[this.input, inOrder]]), rows)?.[0];
  }
}

const counted = (count: number): Value => int64(Array.from({ length: count }, (_, i) => i));

/** Bytes go on as numbers between them; indices of tokens stay indices. */
export const fedAs = ({ dtype }: Value): DType =>
  isFloat(dtype) || dtype === "int64" || dtype === "int32" ? dtype : "float32";

const probe = (value: Value, rows: number): Value => input("probe", fedAs(value), [rows, ...value.shape]);

/** Rows of a constant table at these numbers. */
export const rowsAt = (table: Value, numbers: Value): Value => apply("Gather", [table, numbers], { axis: 0 });
