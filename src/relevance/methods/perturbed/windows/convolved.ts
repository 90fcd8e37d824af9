import { inferenceOf } from "../../../../backward/rule.js";
import { apply } from "../../../../graph/apply.js";
import { add, concat, matmul, reshape, slice, tensor, transpose } from "../../../../graph/build.js";
import type { Node, Value } from "../../../../graph/value.js";
import { Cells, each, linear, unchangedRows, windows } from "./cells.js";
import { NONE, type Place, type Sliding, seen } from "./places.js";

/** Elements of the largest tensor of taken cells: a few megabytes stay near the processor. */
const LARGEST = 2 ** 21;

/**
 * A convolution of cells. It is linear, so what changes add goes through it alone, and each row of changed cells once
 * for each row of the kernel, whichever windows see it:
 *
 *     Δy[Y, X] = Σ_ky (Σ_kx w[ky, kx] Δx[y, X · stride + kx])[y = Y · stride + ky]
 */
export function convolved(node: Node, x: Cells, [down, across]: readonly [rows: Sliding, columns: Sliding]): Cells {
  const [rows, columns] = [x.rows.through(down).withNone(), x.columns.through(across)];
  const map = node.outputs[0]!;
  const filters = map.shape[1]!;
  const rowSize = columns.list.length * across.kernel * x.channels;
  const plus = (base: Value) => {
    const seenColumns = windows(columns.list, across);
    const kernelRows = matricesOf(node.inputs[1]!);
    const parts = rows.inRuns(Math.ceil((x.rows.list.length * rowSize) / LARGEST)).map((some) => {
      const added = classesOf(some, x, down).flatMap(({ taken, elements }) => {
        const cells = x.takeDifferences(each(taken), seenColumns);
        const matrix = reshape(cells, [taken.length * columns.list.length, across.kernel * x.channels]);
        return elements.map(({ ky, at }) => {
          const products = matmul(matrix, kernelRows(ky));
          return rowsAt(reshape(products, [taken.length, columns.list.length * filters]), at);
        });
      });
      const own = unchangedRows(base, some, columns.list);
      return added.reduce((all, more) => add(all, more), own);
    });
    return reshape(concat(parts, 0), [rows.list.length * columns.list.length, filters]);
  };
  return new Cells(map, rows, columns, linear(map, plus));
}

/** Cells that `convolved` takes; undefined for a node that it does not compute. */
export function convolvedCells(node: Node, x: Cells, found: Cells): number | undefined {
  if (!isConvolved(node)) return undefined;
  return x.rows.list.length * found.columns.list.length * node.inputs[1]!.shape[3]!;
}

/** Convolutions without groups. */
export const isConvolved = (node: Node): boolean => node.op === "Conv" && inferenceOf(node).int("group", 1) === 1;

/** Rows of changed cells that the same rows of the kernel see, and where each of these adds them. */
interface RowClass {
  /** The last is one that no change reaches. */
  readonly taken: readonly Place[];
  /** For each row of the kernel, the number of the row that each place takes. */
  readonly elements: readonly { readonly ky: number; readonly at: readonly number[] }[];
}

function classesOf(places: readonly Place[], x: Cells, down: Sliding): RowClass[] {
  const kernel = Array.from({ length: down.kernel }, (_, ky) => ky);
  const phase = (ky: number) => (ky * down.dilation) % down.stride;
  return [...new Set(kernel.map(phase))].flatMap((one) => {
    const elements = kernel.filter((ky) => phase(ky) === one);
    const numbers = new Map<number, number>();
    const taken: Place[] = [];
    const at = elements.map((ky) =>
      places.map((place) => {
        const number = x.rows.numberOf(place.of, seen(down, place.at, ky));
        if (number === -1) return -1;
        if (!numbers.has(number)) numbers.set(number, taken.push(x.rows.list[number]!) - 1);
        return numbers.get(number)!;
      }),
    );
    if (taken.length === 0) return [];
    const none = taken.push({ of: NONE, at: 0 }) - 1;
    const reached = elements.map((ky, i) => ({ ky, at: at[i]!.map((number) => (number === -1 ? none : number)) }));
    return [{ taken, elements: reached }];
  });
}

/** Of each row of the kernel the matrix [kx · C, F]. */
function matricesOf(weight: Value): (ky: number) => Value {
  const [filters, channels, kh, kw] = weight.shape as [number, number, number, number];
  const rows = reshape(transpose(weight, [2, 3, 1, 0]), [kh, kw * channels, filters]);
  return (ky) => reshape(slice(rows, 0, ky, ky + 1), [kw * channels, filters]);
}

/** Rows of a table by number; the table itself where these are its own. */
function rowsAt(table: Value, at: readonly number[]): Value {
  const isWhole = at.length === table.shape[0] && at.every((number, i) => number === i);
  return isWhole ? table : apply("Gather", [table, tensor("int32", [at.length], at)], { axis: 0 });
}
