import { apply } from "../graph/apply.js";
import {
  add,
  cast,
  conv,
  div,
  equal,
  expand,
  greater,
  less,
  log,
  logicalAnd,
  logicalNot,
  matmul,
  matrixTranspose,
  mul,
  neg,
  reshape,
  scalar,
  sign,
  square,
  sub,
  sum,
  sumTo,
  where,
} from "../graph/build.js";
import { isFloat } from "../graph/dtype.js";
import { reducedAxes } from "../graph/operators/reduction.js";
import { normalizeAxis, sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { convInputAdjoint, convWeightAdjoint, geometryOf } from "./convolution.js";
import { averagePoolAdjoint, maxPoolAdjoint } from "./pooling.js";
import { expandReduced, inferenceOf, structuralAdjoint } from "./structural.js";

/** Gradient of one input: made only when it is asked for. `g` is the gradient of the node's first output. */
type InputGradient = (() => Value) | undefined;
type GradientRule = (node: Node, g: Value) => readonly InputGradient[];

const unary =
  (rule: (g: Value, x: Value, y: Value) => Value): GradientRule =>
  (node, g) => [() => rule(g, node.inputs[0]!, node.outputs[0]!)];
const binary =
  (left: (g: Value, a: Value, b: Value, y: Value) => Value, right: typeof left): GradientRule =>
  (node, g) => {
    const [a, b] = node.inputs as readonly [Value, Value];
    return [
      () => sumTo(left(g, a, b, node.outputs[0]!), a.shape),
      () => sumTo(right(g, a, b, node.outputs[0]!), b.shape),
    ];
  };

/** The gradient where a condition holds, zero elsewhere. */
const gate = (condition: Value, g: Value) => where(condition, g, scalar(0, g.dtype));

const reduction =
  (scale: (count: number) => number): GradientRule =>
  (node, g) => [
    () => mul(expandReduced(node, g, 0), scale(sizeOf(node.inputs[0]!.shape) / sizeOf(node.outputs[0]!.shape))),
  ];

function matMulGradient(node: Node, g: Value): readonly InputGradient[] {
  const [a, b] = node.inputs as readonly [Value, Value];
  const asMatrix = (x: Value, column: boolean) =>
    x.shape.length > 1 ? x : reshape(x, column ? [x.shape[0]!, 1] : [1, x.shape[0]!]);
  const left = asMatrix(a, false);
  const right = asMatrix(b, true);
  const batch = g.shape.slice(0, g.shape.length - Number(a.shape.length > 1) - Number(b.shape.length > 1));
  const product = reshape(g, [...batch, left.shape.at(-2)!, right.shape.at(-1)!]);
  return [
    () => reshape(sumTo(matmul(product, matrixTranspose(right)), left.shape), a.shape),
    () => reshape(sumTo(matmul(matrixTranspose(left), product), right.shape), b.shape),
  ];
}

function gemmGradient(node: Node, g: Value): readonly InputGradient[] {
  const [a, b, c] = node.inputs as readonly [Value, Value, Value | undefined];
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = node.attributes as Record<string, number | undefined>;
  const scaled = mul(g, alpha);
  const plainB = transB ? matrixTranspose(b) : b;
  const plainA = transA ? matrixTranspose(a) : a;
  const turn = (x: Value, turned: number) => (turned ? matrixTranspose(x) : x);
  return [
    () => turn(matmul(scaled, matrixTranspose(plainB)), transA),
    () => turn(matmul(matrixTranspose(plainA), scaled), transB),
    c && (() => sumTo(mul(g, beta), c.shape)),
  ];
}

const channelAxes = (g: Value) => g.shape.flatMap((_, i) => (i === 1 ? [] : [i]));

function convGradient(node: Node, g: Value): readonly InputGradient[] {
  const [x, weight] = node.inputs as readonly [Value, Value];
  const geometry = geometryOf(node);
  return [
    () => convInputAdjoint(g, weight, x.shape.slice(2), geometry),
    () => convWeightAdjoint(x, g, weight.shape.slice(2), geometry),
    () => sum(g, channelAxes(g)),
  ];
}

/** A transposed convolution is the adjoint of a convolution, so its own gradients are convolutions again. */
function convTransposeGradient(node: Node, g: Value): readonly InputGradient[] {
  const [y, weight] = node.inputs as readonly [Value, Value];
  const geometry = geometryOf(node);
  return [
    () => conv(g, weight, geometry),
    () => convWeightAdjoint(g, y, weight.shape.slice(2), geometry),
    () => sum(g, channelAxes(g)),
  ];
}

/** y = (x − mean)/√(var + ε)·scale + bias with the statistics of training time: linear in x. */
function batchNormGradient(node: Node, g: Value): readonly InputGradient[] {
  const [, scale, , , variance] = node.inputs as readonly Value[];
  const channel = [1, scale!.shape[0]!, ...g.shape.slice(2).map(() => 1)];
  const epsilon = (node.attributes.epsilon as number | undefined) ?? 1e-5;
  const deviation = apply("Sqrt", [apply("Add", [variance!, scalar(epsilon, g.dtype)])]);
  return [() => mul(g, reshape(div(scale!, deviation), channel))];
}

function clipGradient(node: Node, g: Value): readonly InputGradient[] {
  const [x, low, high] = node.inputs as readonly [Value, Value?, Value?];
  return [
    () => {
      const inside = [low && logicalNot(less(x, low)), high && logicalNot(greater(x, high))].filter(
        (v) => v !== undefined,
      );
      return inside.length === 0 ? g : gate(inside.reduce(logicalAnd), g);
    },
  ];
}

/** Gradient shared equally among the elements that attain the extremum. */
function reduceMaxGradient(node: Node, g: Value): readonly InputGradient[] {
  const x = node.inputs[0]!;
  const axes = reducedAxes(inferenceOf(node));
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const winners = cast(equal(x, reshape(node.outputs[0]!, kept)), g.dtype);
  return [() => mul(winners, div(reshape(g, kept), sum(winners, axes, true)))];
}

/** Gradient to the larger (or smaller) of two, in halves where they are equal. */
const extremum = (wins: typeof greater): GradientRule => {
  const part = (g: Value, a: Value, b: Value) => add(gate(wins(a, b), g), mul(gate(equal(a, b), g), 0.5));
  const ofTwo = binary(part, (g, a, b) => part(g, b, a));
  return (node, g) => (node.inputs.length === 2 ? ofTwo(node, g) : []);
};

/** Gradient rules by operator. All are made of graph values, so gradients can be differentiated again. */
const GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Add: binary(
    (g) => g,
    (g) => g,
  ),
  Sub: binary((g) => g, neg),
  Mul: binary(
    (g, _a, b) => mul(g, b),
    (g, a) => mul(g, a),
  ),
  Div: binary(
    (g, _a, b) => div(g, b),
    (g, _a, b, y) => neg(div(mul(g, y), b)),
  ),
  Pow: binary(
    (g, a, b) => mul(g, mul(cast(b, a.dtype), apply("Pow", [a, sub(b, 1)]))),
    (g, a, _b, y) => mul(g, mul(y, log(a))),
  ),
  Max: extremum(greater),
  Min: extremum(less),
  Neg: unary(neg),
  Exp: unary((g, _x, y) => mul(g, y)),
  Log: unary((g, x) => div(g, x)),
  Sqrt: unary((g, _x, y) => div(mul(g, 0.5), y)),
  Reciprocal: unary((g, _x, y) => neg(mul(g, square(y)))),
  Abs: unary((g, x) => mul(g, sign(x))),
  Tanh: unary((g, _x, y) => mul(g, sub(1, square(y)))),
  Sigmoid: unary((g, _x, y) => mul(g, mul(y, sub(1, y)))),
  Relu: unary((g, _x, y) => gate(greater(y, 0), g)),
  LeakyRelu: (node, g) => [
    () => where(greater(node.inputs[0]!, 0), g, mul(g, (node.attributes.alpha as number | undefined) ?? 0.01)),
  ],
  Softmax: (node, g) => {
    const y = node.outputs[0]!;
    const axis = normalizeAxis("Softmax", (node.attributes.axis as number | undefined) ?? -1, y.shape);
    return [() => mul(y, sub(g, sum(mul(g, y), [axis], true)))];
  },
  Clip: clipGradient,
  Where: (node, g) => {
    const [condition, a, b] = node.inputs as readonly [Value, Value, Value];
    return [undefined, () => sumTo(gate(condition, g), a.shape), () => sumTo(gate(logicalNot(condition), g), b.shape)];
  },
  Cast: (node, g) => [isFloat(node.inputs[0]!.dtype) ? () => cast(g, node.inputs[0]!.dtype) : undefined],
  ScatterElements: (node, g) => {
    if (node.attributes.reduction !== "add")
      throw new RangeError(`node "${node.label}": ScatterElements has a gradient for reduction add only`);
    const axis = (node.attributes.axis as number | undefined) ?? 0;
    return [() => g, undefined, () => apply("GatherElements", [g, node.inputs[1]!], { axis })];
  },
  GatherElements: (node, g) => {
    const x = node.inputs[0]!;
    const axis = (node.attributes.axis as number | undefined) ?? 0;
    const zero = expand(scalar(0, g.dtype), x.shape);
    return [() => apply("ScatterElements", [zero, node.inputs[1]!, g], { axis, reduction: "add" })];
  },
  ReduceSum: reduction(() => 1),
  ReduceMean: reduction((count) => 1 / count),
  ReduceMax: reduceMaxGradient,
  MatMul: matMulGradient,
  Gemm: gemmGradient,
  Conv: convGradient,
  ConvTranspose: convTransposeGradient,
  BatchNormalization: batchNormGradient,
  MaxPool: (node, g) => [() => maxPoolAdjoint(node, g)],
  AveragePool: (node, g) => [() => averagePoolAdjoint(node, g)],
  GlobalAveragePool: (node, g) => [() => averagePoolAdjoint(node, g)],
};

/** Operators whose derivative is zero almost everywhere, or that no gradient passes through. */
const FLAT = new Set([
  "Sign",
  "Floor",
  "Greater",
  "GreaterOrEqual",
  "Less",
  "LessOrEqual",
  "Equal",
  "And",
  "Or",
  "Not",
  "Shape",
]);

/**
 * Gradients of a node's inputs, made on demand; undefined where nothing flows, as to indices and conditions.
 * @throws RangeError for an operator without a rule, naming the node; so do the gradients of single inputs without one
 */
export function inputGradients(node: Node, arriving: readonly (Value | undefined)[]): readonly InputGradient[] {
  if (FLAT.has(node.op)) return [];
  const rule = GRADIENTS[node.op];
  const known = structuralAdjoint(node, arriving, 0) ?? rule?.(node, arriving.find((g) => g !== undefined)!);
  if (!known) throw new RangeError(`node "${node.label}": no gradient rule for operator ${node.op}`);
  return node.inputs.map((value, i) => {
    if (known[i] || !value || !isFloat(value.dtype)) return known[i];
    return () => {
      throw new RangeError(`node "${node.label}": no gradient rule for input ${i} of operator ${node.op}`);
    };
  });
}
