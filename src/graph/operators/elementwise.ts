import { type DType, dtypeOf } from "../dtype.js";
import { broadcast, type Shape, ShapeError } from "../shape.js";
import type { TensorType } from "../value.js";
import type { Inference, OperatorSpec } from "./spec.js";

function sameType(node: Inference, from = 0): DType {
  const types = node.inputs.slice(from).flatMap((value) => (value ? [value.dtype] : []));
  if (new Set(types).size > 1) throw new ShapeError(`${node.op}: inputs have different types (${types.join(", ")})`);
  return types[0]!;
}

const unary: OperatorSpec = { inputs: [1, 1], infer: (node) => node.same() };

const binary: OperatorSpec = {
  inputs: [2, 2],
  infer: (node) => [{ dtype: sameType(node), shape: broadcast(node.op, node.shape(0), node.shape(1)) }],
};

const compare: OperatorSpec = {
  inputs: [2, 2],
  infer: (node) => {
    sameType(node);
    return [{ dtype: "bool", shape: broadcast(node.op, node.shape(0), node.shape(1)) }];
  },
};

const variadic: OperatorSpec = {
  inputs: [1, Number.POSITIVE_INFINITY],
  infer: (node) => {
    const shape = node.inputs.reduce<Shape>((total, value) => broadcast(node.op, total, value!.shape), []);
    return [{ dtype: sameType(node), shape }];
  },
};

function cast(node: Inference): TensorType[] {
  const to = dtypeOf(node.int("to", 0));
  if (!to) throw new ShapeError(`Cast: element type ${node.int("to", 0)} is not supported`);
  return [{ dtype: to, shape: node.shape(0) }];
}

const activation = (attributes: OperatorSpec["attributes"]): OperatorSpec => ({ ...unary, attributes });

export const ELEMENTWISE: Record<string, OperatorSpec> = {
  Abs: unary,
  Neg: unary,
  Sign: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Reciprocal: unary,
  Floor: unary,
  Relu: unary,
  Tanh: unary,
  Sigmoid: unary,
  Not: unary,
  Identity: unary,
  LeakyRelu: activation({ alpha: "float" }),
  Softmax: activation({ axis: "int" }),
  Dropout: { inputs: [1, 3], infer: (node) => node.same() },
  Clip: { inputs: [1, 3], infer: (node) => node.same() },
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Pow: { inputs: [2, 2], infer: (node) => node.typed(broadcast("Pow", node.shape(0), node.shape(1))) },
  Max: variadic,
  Min: variadic,
  Greater: compare,
  GreaterOrEqual: compare,
  Less: compare,
  LessOrEqual: compare,
  Equal: compare,
  And: compare,
  Or: compare,
  Where: {
    inputs: [3, 3],
    infer: (node) => {
      const values = broadcast("Where", node.shape(1), node.shape(2));
      return [{ dtype: sameType(node, 1), shape: broadcast("Where", node.shape(0), values) }];
    },
  },
  Cast: { inputs: [1, 1], attributes: { to: "int", saturate: "int" }, infer: cast },
};
