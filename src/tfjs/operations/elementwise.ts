import { apply } from "../../graph/apply.js";
import {
  add,
  cast,
  div,
  maximum,
  minimum,
  mul,
  relu,
  sigmoid,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { elu, leakyRelu, prelu, reciprocalRoot, relu6 } from "../activations.js";
import { elementwise, elementwisePair } from "../channels-last.js";
import type { OperationBuilder, OperationTable } from "./operation.js";

const one =
  (f: (x: Value) => Value): OperationBuilder =>
  (operation) =>
    elementwise(operation.input(0), f);

const two =
  (f: (a: Value, b: Value) => Value): OperationBuilder =>
  (operation) =>
    elementwisePair(operation.input(0), operation.input(1), f);

/** An ONNX operator of the same meaning. */
const unary = (op: string) => one((x) => apply(op, [x]));
const binary = (op: string) => two((a, b) => apply(op, [a, b]));

/** Operations on each element. */
export const ELEMENTWISE: OperationTable = {
  Abs: unary("Abs"),
  Acos: unary("Acos"),
  Asin: unary("Asin"),
  Atan: unary("Atan"),
  Ceil: unary("Ceil"),
  Cos: unary("Cos"),
  Erf: unary("Erf"),
  Exp: unary("Exp"),
  Floor: unary("Floor"),
  Log: unary("Log"),
  LogicalNot: unary("Not"),
  Neg: unary("Neg"),
  Reciprocal: unary("Reciprocal"),
  Round: unary("Round"),
  Sign: unary("Sign"),
  Sin: unary("Sin"),
  Softplus: unary("Softplus"),
  Softsign: unary("Softsign"),
  Selu: unary("Selu"),
  Relu: one(relu),
  Relu6: one(relu6),
  Elu: one((x) => elu(x)),
  LeakyRelu: (operation) => elementwise(operation.input(0), (x) => leakyRelu(x, operation.number("alpha", 0.2))),
  Prelu: (operation) => prelu(operation.input(0), operation.input(1)),
  Rsqrt: one(reciprocalRoot),
  Sigmoid: one(sigmoid),
  Sqrt: one(sqrt),
  Square: one(square),
  Tanh: one(tanh),
  ClipByValue: (operation) =>
    elementwise(operation.input(0), (x) => apply("Clip", [x, operation.input(1), operation.input(2)])),
  Add: two(add),
  AddV2: two(add),
  BiasAdd: two(add),
  AddN: (operation) => operation.inputs.reduce((a, b) => elementwisePair(a, b, add)),
  Sub: two(sub),
  Mul: two(mul),
  Div: two(div),
  RealDiv: two(div),
  Maximum: two(maximum),
  Minimum: two(minimum),
  Pow: binary("Pow"),
  SquaredDifference: two((a, b) => square(sub(a, b))),
  Equal: binary("Equal"),
  Greater: binary("Greater"),
  GreaterEqual: binary("GreaterOrEqual"),
  Less: binary("Less"),
  LessEqual: binary("LessOrEqual"),
  LogicalAnd: binary("And"),
  LogicalOr: binary("Or"),
  NotEqual: two((a, b) => apply("Not", [apply("Equal", [a, b])])),
  Select: (operation) => where(operation.input(0), operation.input(1), operation.input(2)),
  SelectV2: (operation) => where(operation.input(0), operation.input(1), operation.input(2)),
  Cast: (operation) => {
    const to = operation.type("DstT");
    return to === undefined ? operation.input(0) : cast(operation.input(0), to);
  },
};
