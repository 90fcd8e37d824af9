import { constant, matmul, reshape, softmax } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import type { Value } from "../../graph/value.js";

/** Soft-argmax: the expected position under softmax(map), x then y in [−1, 1] a map [B, C, rows, columns]: [B, 2C]. */
export function positions(maps: Value): Value {
  const [batch, channels, rows, columns] = maps.shape as [number, number, number, number];
  const probability = softmax(reshape(maps, [batch * channels, rows * columns]));
  return reshape(matmul(probability, grid(rows, columns)), [batch, 2 * channels]);
}

/** x and y of every cell in [−1, 1], row-major: [cells, 2]. */
export function grid(rows: number, columns: number): Value {
  const values = new Float64Array(rows * columns * 2);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 2 * (row * columns + column);
      values[at] = (2 * column) / (columns - 1) - 1;
      values[at + 1] = (2 * row) / (rows - 1) - 1;
    }
  }
  return constant(Literal.from("float32", [rows * columns, 2], values));
}
