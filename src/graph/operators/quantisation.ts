import type { DType } from "../dtype.js";
import { ShapeError, sameShape } from "../shape.js";
import type { TensorType } from "../value.js";
import { matMulShape } from "./linear.js";
import type { Inference, OperatorSpec } from "./spec.js";

const BYTES: ReadonlySet<DType> = new Set(["uint8", "int8"]);

function byte(node: Inference, i: number): DType {
  const { dtype } = node.input(i);
  if (!BYTES.has(dtype)) throw new ShapeError(`${node.op}: input ${i} is ${dtype}, expected int8 or uint8`);
  return dtype;
}

/** One scale for the whole tensor; the zero point has the type of the result. */
function quantizeLinear(node: Inference): TensorType[] {
  if (node.shape(1).length > 0 || !sameShape(node.shape(1), node.shape(2)))
    throw new ShapeError(
      `QuantizeLinear: scale [${node.shape(1)}] and zero point [${node.shape(2)}] must be scalars to be supported`,
    );
  return [{ dtype: byte(node, 2), shape: node.shape(0) }];
}

/** Bytes by the range of x, their scale and zero point. */
function dynamicQuantizeLinear(node: Inference): TensorType[] {
  const { dtype, shape } = node.input(0);
  if (dtype !== "float32") throw new ShapeError(`DynamicQuantizeLinear: input 0 is ${dtype}, expected float32`);
  return [
    { dtype: "uint8", shape },
    { dtype, shape: [] },
    { dtype: "uint8", shape: [] },
  ];
}

function matMulInteger(node: Inference): TensorType[] {
  byte(node, 0);
  byte(node, 1);
  return [{ dtype: "int32", shape: matMulShape(node.shape(0), node.shape(1)) }];
}

/** Eight-bit integers, of quantised policies and for relevance of precision `fast`. */
export const QUANTISATION: Readonly<Record<string, OperatorSpec>> = {
  QuantizeLinear: { inputs: [3, 3], infer: quantizeLinear },
  DynamicQuantizeLinear: { inputs: [1, 1], infer: dynamicQuantizeLinear },
  MatMulInteger: { inputs: [2, 4], infer: matMulInteger },
};
