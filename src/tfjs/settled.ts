import { constant } from "../graph/build.js";
import { constantOf } from "../graph/fold.js";
import type { Value } from "../graph/value.js";

/** A value computed from weights only as a constant, so that it is written as the layer's weight; others as they are. */
export function settled(x: Value): Value {
  if (x.literal) return x;
  const literal = constantOf(x);
  return literal ? constant(literal) : x;
}
