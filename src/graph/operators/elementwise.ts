import { dtypeOf } from "../dtype.js";
import { broadcast, normalizeAxis, type Shape, ShapeError, sameShape } from "../shape.js";
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

/** Softmax and its logarithm. */
const alongAxis: OperatorSpec = {
  inputs: [1, 1],
  attributes: { axis: "int" },
  infer: (node) => {
    normalizeAxis(node.op, node.int("axis", -1), node.shape(0));
    return node.same();
  },
};

const predicate: OperatorSpec = { inputs: [1, 1], infer: (node) => [{ dtype: "bool", shape: node.shape(0) }] };

/** A slope for the negative side, broadcast to the input but never beyond it. */
function pRelu(node: Inference): TensorType[] {
  node.sameType();
  if (!sameShape(broadcast("PRelu", node.shape(0), node.shape(1)), node.shape(0)))
    throw new ShapeError(`PRelu: slope [${node.shape(1)}] does not broadcast to input [${node.shape(0)}]`);
  return node.same();
}

function gelu(node: Inference): TensorType[] {
  const approximate = node.string("approximate", "none");
  if (approximate !== "none" && approximate !== "tanh")
    throw new ShapeError(`Gelu: approximation ${approximate} is unknown, expected none or tanh`);
  return node.same();
}

export const ELEMENTWISE: Record<string, OperatorSpec> = {
  Abs: unary,
  Neg: unary,
  Sign: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Reciprocal: unary,
  Floor: unary,
  Ceil: unary,
  Round: unary,
  Sin: unary,
  Cos: unary,
  Tan: unary,
  Asin: unary,
  Acos: unary,
  Atan: unary,
  Sinh: unary,
  Cosh: unary,
  Asinh: unary,
  Acosh: unary,
  Atanh: unary,
  Erf: unary,
  Softplus: unary,
  Softsign: unary,
  Mish: unary,
  HardSwish: unary,
  Relu: unary,
  Tanh: unary,
  Sigmoid: unary,
  Not: unary,
  Identity: unary,
  LeakyRelu: activation({ alpha: "float" }),
  Elu: activation({ alpha: "float" }),
  Celu: activation({ alpha: "float" }),
  Selu: activation({ alpha: "float", gamma: "float" }),
  HardSigmoid: activation({ alpha: "float", beta: "float" }),
  ThresholdedRelu: activation({ alpha: "float" }),
  Gelu: { inputs: [1, 1], attributes: { approximate: "string" }, infer: gelu },
  PRelu: { inputs: [2, 2], infer: pRelu },
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
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
  Xor: compare,
  IsNaN: predicate,
  IsInf: { ...predicate, attributes: { detect_negative: "int", detect_positive: "int" } },
  Mod: { ...binary, attributes: { fmod: "int" } },
  Where: {
    inputs: [3, 3],
    infer: (node) => {
      const values = broadcast("Where", node.shape(1), node.shape(2));
      return [{ dtype: node.sameType(1), shape: broadcast("Where", node.shape(0), values) }];
    },
  },
  Cast: { inputs: [1, 1], attributes: { to: "int", saturate: "int" }, infer: cast },
};
