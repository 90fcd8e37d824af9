import { broadcast, ShapeError } from "../shape.js";
import type { OperatorSpec } from "./spec.js";

const bitwise: OperatorSpec = {
  inputs: [2, 2],
  infer: (node) => {
    const dtype = node.sameType();
    if (!/^u?int/.test(dtype)) throw new ShapeError(`${node.op}: takes integers, given ${dtype}`);
    return [{ dtype, shape: broadcast(node.op, node.shape(0), node.shape(1)) }];
  },
};

export const BITWISE: Record<string, OperatorSpec> = {
  BitwiseAnd: bitwise,
  BitwiseXor: bitwise,
};
