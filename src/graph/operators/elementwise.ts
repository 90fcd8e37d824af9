import { dtypeOf } from "../dtype.js";
import { broadcast, normalizeAxis, type Shape, ShapeError } from "../shape.js";
import type { TensorType } from "../value.js";
import type { Inference, OperatorSpec } from "./spec.js";

const unary: OperatorSpec = { inputs: [1, 1], infer: (node) => node.same() };

const binary: OperatorSpec = {
  inputs: [2, 2],
  infer: (node) => [{ dtype: node.sameType(), shape: broadcast(node.op, node.shape(0), node.shape(1)) }],
};

const compare: OperatorSpec = {
  inputs: [2, 2],
  infer: (node) => {
    node.sameType();
    return [{ dtype: "bool", shape: broadcast(node.op, node.shape(0), node.shape(1)) }];
  },
};

const variadic: OperatorSpec = {
  inputs: [1, Number.POSITIVE_INFINITY],
  infer: (node) => {
    const shape = node.inputs.reduce<Shape>((total, _, i) => broadcast(node.op, total, node.shape(i)), []);
    return [{ dtype: node.sameType(), shape }];
  },
};

function cast(node: Inference): TensorType[] {
  const to = dtypeOf(node.int("to", 0));
  if (!to) throw new ShapeError(`Cast: element type ${node.int("to", 0)} is not supported`);
  return [{ dtype: to, shape: node.shape(0) }];
}

function dropout(node: Inference): TensorType[] {
  if (node.inputs[2] && node.literal(2, "training_mode").scalar() !== 0)
    throw new ShapeError("Dropout: training mode is not inference");
  return node.same();
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
  Softmax: {
    inputs: [1, 1],
    attributes: { axis: "int" },
    infer: (node) => {
      normalizeAxis("Softmax", node.int("axis", -1), node.shape(0));
      return node.same();
    },
  },
  Dropout: { inputs: [1, 3], infer: dropout },
  Clip: {
    inputs: [1, 3],
    infer: (node) => {
      node.sameType();
      return node.same();
    },
  },
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
      return [{ dtype: node.sameType(1), shape: broadcast("Where", node.shape(0), values) }];
    },
  },
  Cast: { inputs: [1, 1], attributes: { to: "int", saturate: "int" }, infer: cast },
};
