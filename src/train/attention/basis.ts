import { Literal } from "../../graph/literal.js";

/**
 * The fixed spatial basis, [1, places, channels]: cos(π·u·y/h)·cos(π·v·x/w) for the frequencies u, v = 1, 2, …, with rows y
 * = 1 … h and columns x = 1 … w counted from 1. Channel (u − 1)·V + v − 1 belongs to (u, v).
 */
export function spatialBasis(
  [rows, columns]: readonly [rows: number, columns: number],
  [us, vs]: readonly [rows: number, columns: number],
): Literal {
  const channels = us * vs;
  const values = new Float64Array(rows * columns * channels);
  let at = 0;
  for (let y = 1; y <= rows; y++) {
    for (let x = 1; x <= columns; x++) {
      for (let u = 1; u <= us; u++) {
        for (let v = 1; v <= vs; v++) {
          values[at++] = Math.cos((Math.PI * u * y) / rows) * Math.cos((Math.PI * v * x) / columns);
        }
      }
    }
  }
  return Literal.from("float32", [1, rows * columns, channels], values);
}
