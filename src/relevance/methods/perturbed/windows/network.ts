import { inRows } from "../../../../graph/batch.js";
import { reshape, transpose } from "../../../../graph/build.js";
import type { Value } from "../../../../graph/value.js";
import { all, type Cells } from "./cells.js";
import { denseMatrix, denseRows } from "./dense.js";
import type { SeparableMasks } from "./masks.js";
import { type Changed, type Walk, walk } from "./walk.js";

/** Elements of the largest tensor of one batch where the network is computed whole: some megabytes. */
const LARGEST = 2 ** 20;

/** Most indices of cells, 4 bytes each: a quarter of a gigabyte. */
const MOST_INDICES = 2 ** 26;

/** Elements of the largest table of cells that is held at a time. */
const LARGEST_TABLE = 2 ** 24;

/**
 * A network whose image is changed by masks that are products of a column and a row: each change is followed through
 * the cells that it reaches, layer by layer, as far as the layers keep cells apart. From there on the network is
 * computed whole.
 */
export class WindowedNetwork {
  private constructor(
    private readonly changed: Changed,
    private readonly plan: Walk,
  ) {}

  /**
   * @param most part of a whole layer's cost up to which its windows are followed
   * @returns undefined where windows cannot be followed, or would need more indices than fit in memory
   */
  static of(changed: Changed, most: number): WindowedNetwork | undefined {
    const plan = walk(changed, allRows(changed.masks), most);
    return plan && plan.indices <= MOST_INDICES ? new WindowedNetwork(changed, plan) : undefined;
  }

  /** The cost as a part of that of whole pictures. */
  get part(): number {
    return this.plan.cost.windows / this.plan.cost.whole;
  }

  /** The number of layers that are computed in windows. */
  get layers(): number {
    return this.plan.layers;
  }

  /** The explained outputs under each mask, in batches [rows · columns, J] of rows of the grid; undefined as for `inRows`. */
  outputs(): Value[] | undefined {
    const { table, whole } = this.plan.largest;
    const rows = allRows(this.changed.masks);
    const found = inBatches(rows, table / LARGEST_TABLE).flatMap((held) => {
      const found = held === rows ? this.plan : walk(this.changed, held, this.plan)!;
      return inBatches(held, ((whole / LARGEST) * held.length) / rows.length).map((some) => this.#outputs(found, some));
    });
    return found.every((outputs) => outputs !== undefined) ? found : undefined;
  }

  #outputs({ maps, dense }: Walk, rows: readonly number[]): Value | undefined {
    const { network, masks } = this.changed;
    const columns = Array.from({ length: masks.across[0]!.shape[0]! }, (_, i) => i);
    const count = rows.length * columns.length;
    const given = new Map<Value, Value>();
    for (const cells of maps) given.set(cells.map, wholeMaps(cells, rows, columns));
    for (const [node, cells] of dense) {
      const [own] = node.outputs as readonly [Value];
      given.set(own, denseRows(cells, own, denseMatrix(node)!, rows, columns));
    }
    const [found] = inRows([network.commanded], given, count) ?? [];
    return found && reshape(found, [count, network.torques]);
  }
}

/** At least so many parts of a list; the list itself where one is enough. */
function inBatches(list: readonly number[], least: number): (readonly number[])[] {
  const count = Math.min(list.length, Math.ceil(least));
  if (count <= 1) return [list];
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i, i + 1].map((k) => Math.round((k * list.length) / count));
    return list.slice(start, end);
  });
}

const allRows = ({ down }: SeparableMasks) => Array.from({ length: down[0]!.shape[0]! }, (_, i) => i);

/** Whole maps of each change, [rows · columns, C, H, W]. */
function wholeMaps(cells: Cells, rows: readonly number[], columns: readonly number[]): Value {
  const [, channels, height, width] = cells.map.shape as [number, number, number, number];
  const taken = cells.take(all(rows, height), all(columns, width));
  const count = rows.length * columns.length;
  return transpose(reshape(taken, [count, height, width, channels]), [0, 3, 1, 2]);
}
