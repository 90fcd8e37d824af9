import { own } from "../../own.js";
import { apply } from "../apply.js";
import {
  add,
  concat,
  div,
  matmul,
  matrixTranspose,
  mean,
  mul,
  reshape,
  scalar,
  sigmoid,
  slice,
  sqrt,
  square,
  tanh,
} from "../build.js";
import { ShapeError } from "../shape.js";
import type { Value } from "../value.js";
import { attention } from "./attention.js";
import type { Lowering, LoweringTable, UnloweredNode } from "./lowering.js";
import { QUANTISED_LOWERING } from "./quantisation.js";

/**
 * Operators of onnxruntime's own domain, com.microsoft, that its optimiser, its quantiser and exporters write, by the
 * operators that they stand for (onnxruntime's ContribOperators.md).
 */

type Attributes = UnloweredNode["attributes"];
type Operands = readonly [Value, ...(Value | undefined)[]];

const number = (attributes: Attributes, name: string, fallback: number): number =>
  (own(attributes, name) as number | undefined) ?? fallback;

const without = (attributes: Attributes, ...names: readonly string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));

const plus = (x: Value, y: Value | undefined) => (y ? add(x, y) : x);

/** Refuses operands that change the result in ways that are not written out. */
function refuse({ op, inputs }: UnloweredNode, what: Readonly<Record<number, string>>): void {
  for (const [at, name] of Object.entries(what))
    if (inputs[Number(at)]) throw new ShapeError(`${op}: ${name} (input ${at}) is not supported`);
}

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

/** Parts of the last axis, of equal size. */
const parts = (x: Value, count: number): readonly Value[] => {
  const axis = x.shape.length - 1;
  const size = x.shape[axis]! / count;
  return Array.from({ length: count }, (_, i) => slice(x, axis, i * size, (i + 1) * size));
};

/** Attention of opset 23 with the same number of heads on all sides; `mask` is added to the scores. */
function attended(node: UnloweredNode, [q, k, v]: readonly Value[], mask: Value | undefined): Value {
  const { attributes } = node;
  const heads = number(attributes, "num_heads", 0);
  const scale = number(attributes, "scale", 0);
  const options = {
    q_num_heads: heads,
    kv_num_heads: heads,
    is_causal: number(attributes, "unidirectional", 0),
    ...(scale !== 0 && { scale }),
  };
  return attention({ op: node.op, inputs: [q, k, v, mask], attributes: options })[0]!;
}

const multiHead: Lowering = (node) => {
  refuse(node, { 4: "a padding mask", 6: "past keys", 7: "past values" });
  const [q, k, v, bias, , mask] = node.inputs as Operands;
  if (!k || !v || [q, k, v].some(({ shape }) => shape.length !== 3))
    throw new ShapeError(`${node.op}: expected query, key and value of three axes`);
  const sizes = [q, k, v].map(({ shape }) => shape[2]!);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const biased = [q, k, v].map((x, i) => plus(x, bias && slice(bias, 0, starts[i]!, starts[i]! + sizes[i]!)));
  return [attended(node, biased, mask)];
};

/** Queries, keys and values by one product from the same tokens. */
const packed: Lowering = (node) => {
  refuse(node, { 3: "a mask by index", 4: "past keys", 6: "a past length" });
  if (own(node.attributes, "qkv_hidden_sizes")) throw new ShapeError(`${node.op}: qkv_hidden_sizes is not supported`);
  if (number(node.attributes, "do_rotary", 0)) throw new ShapeError(`${node.op}: do_rotary is not supported`);
  const [x, weight, bias, , , mask] = node.inputs as Operands;
  return [attended(node, parts(plus(matmul(x, weight!), bias), 3), mask)];
};

const DEQUANTIZE = QUANTISED_LOWERING.DequantizeLinear!;

/** Bytes as the numbers that they stand for. */
const real = (x: Value, scale: Value, zero: Value | undefined): Value =>
  DEQUANTIZE({ op: "DequantizeLinear", inputs: [x, scale, zero], attributes: {} })[0]!;

/** Numbers as bytes. A missing zero point is 0 of uint8. */
const bytes = (y: Value, scale: Value, zero: Value | undefined): Value =>
  apply("QuantizeLinear", [y, reshape(scale, []), zero ? reshape(zero, []) : scalar(0, "uint8")]);

/** A function of one operand between bytes: x, its scale and zero point, those of the result. */
const ofBytes =
  (compute: (x: Value, attributes: Attributes) => Value): Lowering =>
  ({ inputs, attributes }) => {
    const [x, scale, zero, toScale, toZero] = inputs as readonly [Value, Value, Value | undefined, Value, Value?];
    return [bytes(compute(real(x, scale, zero), attributes), toScale, toZero)];
  };

/** A function of two operands between bytes. */
const ofTwo =
  (compute: (a: Value, b: Value) => Value): Lowering =>
  ({ inputs }) => {
    const [a, aScale, aZero, b, bScale, bZero, toScale, toZero] = inputs as readonly Value[];
    return [bytes(compute(real(a!, aScale!, aZero), real(b!, bScale!, bZero)), toScale!, toZero)];
  };

function firstChannels(op: string, attributes: Attributes): Attributes {
  if (number(attributes, "channels_last", 0))
    throw new ShapeError(`${op}: channels in the last axis are not supported`);
  return without(attributes, "channels_last");
}

/** Scale and zero point of the result, then three inputs for each part. */
const concatenated: Lowering = ({ inputs, attributes }) => {
  const [scale, zero, ...rest] = inputs as readonly Value[];
  const each = Array.from({ length: rest.length / 3 }, (_, i) => real(rest[3 * i]!, rest[3 * i + 1]!, rest[3 * i + 2]));
  return [bytes(concat(each, number(attributes, "axis", 0)), scale!, zero)];
};

/** A Gemm between bytes, C in steps of the two scales; without a scale of the result, its numbers. */
const gemm: Lowering = ({ inputs, attributes }) => {
  const [a, aScale, aZero, b, bScale, bZero, c, toScale, toZero] = inputs as readonly (Value | undefined)[];
  const steps = c && real(c, mul(aScale!, bScale!), undefined);
  const operands = [real(a!, aScale!, aZero), along(b!, bScale!, bZero, attributes), ...(steps ? [steps] : [])];
  const y = apply("Gemm", operands, attributes);
  return [toScale ? bytes(y, toScale, toZero) : y];
};

/** A weight with scales by column of the product. */
const along = (b: Value, scale: Value, zero: Value | undefined, attributes: Attributes): Value =>
  DEQUANTIZE({
    op: "DequantizeLinear",
    inputs: [b, scale, zero],
    attributes: { axis: number(attributes, "transB", 0) ? 0 : 1 },
  })[0]!;

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
  QuantizeLinear: ({ inputs: [x, scale, zero] }) => [bytes(x!, scale!, zero)],
  DequantizeLinear: DEQUANTIZE,
  QLinearAdd: ofTwo(add),
  QLinearMul: ofTwo(mul),
  QLinearSigmoid: ofBytes(sigmoid),
  QLinearLeakyRelu: ofBytes((x, attributes) => apply("LeakyRelu", [x], attributes)),
  QLinearAveragePool: ofBytes((x, attributes) =>
    apply("AveragePool", [x], firstChannels("QLinearAveragePool", attributes)),
  ),
  QLinearGlobalAveragePool: ofBytes((x, attributes) =>
    apply("GlobalAveragePool", [x], firstChannels("QLinearGlobalAveragePool", attributes)),
  ),
  QLinearConcat: concatenated,
  QGemm: gemm,
};
