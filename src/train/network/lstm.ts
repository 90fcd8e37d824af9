import { add, mul, sigmoid, split, tanh } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";

/** Hidden state and cell of an LSTM, [B, n, …]. */
export interface Cell {
  readonly hidden: Value;
  readonly cell: Value;
}

/** c′ = f⊙c + i⊙g, h′ = o⊙tanh(c′), from the sums [B, 4n, …] of gates i, f, o and candidate g. */
export function lstmStep(before: Value, sums: Value): Cell {
  const size = before.shape[1]!;
  const [gates, candidate] = split(sums, 1, [3 * size, size]) as [Value, Value];
  const [i, f, o] = split(sigmoid(gates), 1, [size, size, size]) as [Value, Value, Value];
  const cell = add(mul(f, before), mul(i, tanh(candidate)));
  return { hidden: mul(o, tanh(cell)), cell };
}
