import { add, expand, scalar, zeros } from "../graph/build.js";
import { ShapeError, sameShape } from "../graph/shape.js";
import type { Value } from "../graph/value.js";
import { inputGradients } from "./gradient-table.js";
import { type Contribution, type Propagate, reverseWalk } from "./walk.js";

/**
 * Gradients of `of` with respect to each value of `wrt`, as graph values that can be differentiated again.
 * @param seed gradient of `of` itself, its shape; ones by default (the gradient of the sum of its elements)
 * @returns one value per entry of `wrt`, of its shape; zeros where `of` does not depend on it
 * @throws RangeError for an operator without a gradient rule
 */
export function gradients(of: Value, wrt: readonly Value[], seed?: Value): Value[] {
  if (seed && !sameShape(seed.shape, of.shape))
    throw new ShapeError(`gradients: seed [${seed.shape}] does not fit [${of.shape}]`);
  const start = seed ?? expand(scalar(1, of.dtype), of.shape);
  const propagate: Propagate<Value> = (node, arriving, leadsToTarget) => {
    const contributions: Contribution<Value>[] = [];
    const inputs = inputGradients(node, arriving);
    node.inputs.forEach((value, i) => {
      const gradient = inputs[i];
      if (value && gradient && leadsToTarget(value)) contributions.push([value, gradient()]);
    });
    return contributions;
  };
  const arrived = reverseWalk(new Map([[of, start]]), wrt, propagate, add);
  return wrt.map((value) => arrived.get(value) ?? zeros(value.shape, value.dtype));
}
