import { inferenceOf } from "../../../../backward/rule.js";
import { add, concat, matmul, reshape, slice, tensor, transpose } from "../../../../graph/build.js";
import type { Node, Value } from "../../../../graph/value.js";
import { all, type Cells, each } from "./cells.js";

/** The matrix [n, outputs] of a dense layer that reads its first input, [1, n], in rows; undefined for another node. */
export function denseMatrix(node: Node): Value | undefined {
  const [x, weight] = node.inputs as readonly [Value, Value?];
  if (!weight || x.shape.length !== 2 || x.shape[0] !== 1 || weight.shape.length !== 2) return undefined;
  if (node.op === "MatMul") return weight;
  const inference = inferenceOf(node);
  const isPlain = node.op === "Gemm" && inference.int("transA", 0) === 0 && (node.attributes.alpha ?? 1) === 1;
  if (!isPlain) return undefined;
  return inference.int("transB", 0) === 1 ? transpose(weight, [1, 0]) : weight;
}

/**
 * A dense layer behind cells. It is linear: what a change adds is the sum over the rows of the map that it reaches, each
 * row one product for all changes that reach it.
 * @param own the layer's output, [1, outputs]
 * @param matrix [C · H · W, outputs]
 * @returns [rows · columns, outputs] for these rows and columns of the grid
 */
export function denseRows(
  cells: Cells,
  own: Value,
  matrix: Value,
  rows: readonly number[],
  columns: readonly number[],
): Value {
  const [, channels, height, width] = cells.map.shape as [number, number, number, number];
  const outputs = matrix.shape[1]!;
  const size = width * channels;
  const parts = reshape(transpose(reshape(matrix, [channels, height, width, outputs]), [1, 2, 0, 3]), [
    height,
    size,
    outputs,
  ]);
  const reached = Array.from({ length: height }, (_, y) => rows.filter((row) => cells.rows.numberOf(row, y) !== -1));
  const across = all(columns, width);
  const products = reached.flatMap((of, y) => {
    if (of.length === 0) return [];
    const taken = cells.takeDifferences(each(of.map((row) => ({ of: row, at: y }))), across);
    const change = matmul(
      reshape(taken, [of.length * columns.length, size]),
      reshape(slice(parts, 0, y, y + 1), [size, outputs]),
    );
    return [reshape(change, [of.length, columns.length * outputs])];
  });
  // Each row of the grid takes the sum over the rows of the map that it reaches.
  const belongs = rows.flatMap((row) => reached.flatMap((of) => of.map((other) => Number(other === row))));
  const change = matmul(tensor("float32", [rows.length, belongs.length / rows.length], belongs), concat(products, 0));
  return add(reshape(change, [rows.length * columns.length, outputs]), own);
}
