import { DTYPES, type DType } from "../../graph/dtype.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import { own } from "../../own.js";
import type { TensorData } from "../../runtime/session.js";

type Numbers = InstanceType<(typeof DTYPES)[DType]["array"]>;

/** Rows of one tensor. */
interface Column {
  readonly name: string;
  readonly dtype: DType;
  /** Of one row. */
  readonly shape: Shape;
  /** [rows, …shape], in shared memory. */
  readonly data: Numbers;
}

/** States in shared memory: one row a state, with the tensors that a step takes of it. */
export interface States {
  /** Rows that there is room for. */
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** A tensor of a state. */
export type ColumnType = Pick<Column, "name" | "dtype" | "shape">;

/** Room for `rows` states. */
export function allocateStates(rows: number, types: readonly ColumnType[]): States {
  const columns = types.map(({ name, dtype, shape }) => {
    const array = DTYPES[dtype].array as unknown as Float32ArrayConstructor;
    const bytes = rows * sizeOf(shape) * array.BYTES_PER_ELEMENT;
    return { name, dtype, shape, data: new array(new SharedArrayBuffer(bytes)) as unknown as Numbers };
  });
  return { rows, columns };
}

/** Writes a row: the tensors by name, of each column's type. */
export function writeState({ columns }: States, row: number, tensors: Readonly<Record<string, TensorData>>): void {
  for (const { name, shape, data } of columns) data.set(own(tensors, name)!.data as never, row * sizeOf(shape));
}

/**
 * The tensors of some rows, one after the other: [rows · d, …] of a tensor [d, …]. They are copies, since onnxruntime
 * takes none in shared memory.
 */
export const readStates = ({ columns }: States, rows: readonly number[]): Record<string, TensorData> =>
  Object.fromEntries(
    columns.map(({ name, dtype, shape, data }) => {
      const size = sizeOf(shape);
      const all = new (DTYPES[dtype].array as unknown as Float32ArrayConstructor)(rows.length * size);
      for (const [i, row] of rows.entries()) all.set(data.subarray(row * size, (row + 1) * size) as never, i * size);
      const [d, ...rest] = shape;
      return [name, { dtype, shape: d === undefined ? [] : [rows.length * d, ...rest], data: all as never }];
    }),
  );

/** The first rows, to keep in a file, and back. */
export const filledOf = ({ columns }: States, rows: number): Numbers[] =>
  columns.map(({ shape, data }) => data.slice(0, rows * sizeOf(shape)));

export function fill({ columns }: States, numbers: readonly Numbers[]): void {
  for (const [i, { data }] of columns.entries()) data.set(numbers[i] as never);
}
