import { own } from "../../own.js";
import { apply } from "../apply.js";
import { add, div, matmul, matrixTranspose, mean, mul, scalar, sigmoid, sqrt, square, tanh } from "../build.js";
import { ShapeError } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering, LoweringTable, UnloweredNode } from "./lowering.js";
import { multiHead, packed } from "./microsoft-attention.js";
import { number, type Operands, plus, without } from "./microsoft-parts.js";
import { MICROSOFT_QUANTISED } from "./microsoft-quantised.js";

/**
 * Operators of onnxruntime's own domain, com.microsoft, that its optimiser, its quantiser and exporters write, by the
 * operators that they stand for (onnxruntime's ContribOperators.md).
 */

/** Written out, because Gelu itself is younger than the operator sets of such files. */
const gelu: Lowering = ({ inputs: [given, bias] }) => {
  const x = plus(given!, bias);
  return [mul(mul(x, 0.5), add(apply("Erf", [div(x, Math.SQRT2)]), 1))];
};

const fastGelu: Lowering = ({ inputs: [given, bias] }) => {
  const x = plus(given!, bias);
  const cubic = add(x, mul(mul(mul(x, x), x), 0.044715));
  return [mul(mul(x, 0.5), add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1))];
};

/** The largest float32. */
const LARGEST = 3.4028234663852886e38;

/** Activations that are fused into a layer, with up to three numbers. */
const ACTIVATIONS: Readonly<Record<string, (x: Value, numbers: readonly number[]) => Value>> = {
  Relu: (x) => apply("Relu", [x]),
  Tanh: (x) => apply("Tanh", [x]),
  Sigmoid: (x) => apply("Sigmoid", [x]),
  LeakyRelu: (x, [alpha = 0.01]) => apply("LeakyRelu", [x], { alpha }),
  HardSigmoid: (x, [alpha = 0.2, beta = 0.5]) => apply("HardSigmoid", [x], { alpha, beta }),
  Clip: (x, [low = -LARGEST, high = LARGEST]) => apply("Clip", [x, scalar(low), scalar(high)]),
};

function activated(x: Value, { op, attributes }: UnloweredNode, numbers: readonly number[]): Value {
  const name = own(attributes, "activation") as string | undefined;
  if (!name) return x;
  const activation = own(ACTIVATIONS, name);
  if (!activation) throw new ShapeError(`${op}: activation ${name} is not supported`);
  return activation(x, numbers);
}

/** A convolution, plus another value where there is one, and an activation. */
const fusedConv: Lowering = (node) => {
  const [x, weight, bias, other] = node.inputs as Operands;
  const conv = apply(
    "Conv",
    bias ? [x, weight!, bias] : [x, weight!],
    without(node.attributes, "activation", "activation_params"),
  );
  return [
    activated(plus(conv, other), node, (own(node.attributes, "activation_params") as number[] | undefined) ?? []),
  ];
};

const fusedGemm: Lowering = (node) => {
  const names = ["activation_alpha", "activation_beta", "activation_gamma"] as const;
  const numbers = names.flatMap((name) => (own(node.attributes, name) as number | undefined) ?? []);
  const inputs = node.inputs.filter((x): x is Value => x !== undefined);
  return [activated(apply("Gemm", inputs, without(node.attributes, "activation", ...names)), node, numbers)];
};

/** alpha · A·B, either with its last two axes turned. */
const fusedMatMul: Lowering = ({ op, inputs: [a, b], attributes }) => {
  if (number(attributes, "transBatchA", 0) || number(attributes, "transBatchB", 0))
    throw new ShapeError(`${op}: turned axes of a batch are not supported`);
  const side = (x: Value, name: string) => (number(attributes, name, 0) ? matrixTranspose(x) : x);
  const product = matmul(side(a!, "transA"), side(b!, "transB"));
  const alpha = number(attributes, "alpha", 1);
  return [alpha === 1 ? product : mul(product, alpha)];
};

/** onnxruntime's own ε where a node gives none. */
const EPSILON = 1e-12;

/** A normalisation of a sum of two and a bias; the sum is output 3. */
const skipLayerNorm: Lowering = ({ inputs, attributes }) => {
  const [x, other, scale, shift, bias] = inputs as readonly [Value, Value, Value, Value?, Value?];
  const sum = plus(add(x, other), bias);
  const operands = shift ? [sum, scale, shift] : [sum, scale];
  const options = { axis: -1, epsilon: number(attributes, "epsilon", EPSILON) };
  return [apply("LayerNormalization", operands, options), undefined, undefined, sum];
};

const skipRmsNorm: Lowering = ({ inputs, attributes }) => {
  const [x, other, scale, bias] = inputs as readonly [Value, Value, Value, Value?];
  const sum = plus(add(x, other), bias);
  const size = sqrt(add(mean(square(sum), [-1], true), number(attributes, "epsilon", EPSILON)));
  return [mul(div(sum, size), scale), undefined, undefined, sum];
};

export const MICROSOFT_LOWERING: LoweringTable = {
  Gelu: gelu,
  BiasGelu: gelu,
  FastGelu: fastGelu,
  QuickGelu: ({ inputs: [x], attributes }) => [mul(x!, sigmoid(mul(x!, number(attributes, "alpha", 1.702))))],
  FusedConv: fusedConv,
  FusedGemm: fusedGemm,
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  SkipLayerNormalization: skipLayerNorm,
  SkipSimplifiedLayerNormalization: skipRmsNorm,
  MultiHeadAttention: multiHead,
  Attention: packed,
  ...MICROSOFT_QUANTISED,
};
