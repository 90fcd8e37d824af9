import { apply, applyNode } from "../apply.js";
import { add, cast, concat, mul, reshape, scalar, sigmoid, sub, transpose, where } from "../build.js";
import { normalizeAxis, ShapeError, sizeOf } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering, LoweringTable } from "./lowering.js";
import { attended, parts } from "./microsoft-attention.js";
import { embedded } from "./microsoft-embedding.js";
import { type Attributes, DEQUANTIZE, number, plus, real, without } from "./microsoft-parts.js";
import { fewBits } from "./microsoft-weights.js";
import { QUANTISED_LOWERING, uncast } from "./quantisation.js";
import { unrolledLstm } from "./recurrent.js";

/** onnxruntime's own operators on bytes. */

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

/** Over one axis; before operator set 13 over all from `axis` on. */
function softmax(x: Value, attributes: Attributes): Value {
  const opset = number(attributes, "opset", 13);
  const axis = normalizeAxis("QLinearSoftmax", number(attributes, "axis", opset < 13 ? 1 : -1), x.shape);
  if (opset < 13 && sizeOf(x.shape.slice(axis + 1)) !== 1)
    throw new ShapeError(`QLinearSoftmax: over the axes from ${axis} on of [${x.shape}] at once is not supported`);
  return apply("Softmax", [x], { axis });
}

/** A condition, then two operands and the scale and zero point of the result. */
const chosen: Lowering = ({ inputs }) => {
  const [condition, a, aScale, aZero, b, bScale, bZero, toScale, toZero] = inputs as readonly Value[];
  const either = where(condition!, real(a!, aScale!, aZero), real(b!, bScale!, bZero));
  return [bytes(either, toScale!, toZero)];
};

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

const MATMUL_INTEGER = QUANTISED_LOWERING.MatMulInteger!;

/** a·b of bytes times their scales, as numbers, plus a bias; b has scales by column or one. */
function product(
  [a, b, aZero, bZero]: readonly (Value | undefined)[],
  scale: Value,
  bScale: Value,
  bias: Value | undefined,
): Value {
  const [sums] = MATMUL_INTEGER({ op: "MatMulInteger", inputs: [a, b, aZero, bZero], attributes: {} });
  return plus(mul(uncast(sums, scale.dtype)!, mul(scale, bScale)), bias);
}

/** a·b where a is quantised by its own range. */
const byRange = (a: Value, [b, bScale, bZero, bias]: readonly (Value | undefined)[]): Value => {
  const [q, scale, zero] = applyNode("DynamicQuantizeLinear", [a], {}, { outputCount: 3 }).outputs;
  return product([q, b, zero, bZero], scale!, bScale!, bias);
};

/** A value after rounding to 256 steps of its own range. */
function rounded(x: Value): Value {
  const [q, scale, zero] = applyNode("DynamicQuantizeLinear", [x], {}, { outputCount: 3 }).outputs;
  return real(q!, scale!, zero);
}

/** An LSTM's weights of bytes, [directions, inputs, parts], with a scale for each direction, or each of its parts. */
function recurrentWeight(op: string, weight: Value, scale: Value, zero: Value | undefined): Value {
  const [directions, , parts] = weight.shape;
  const each = (value: Value) => {
    const columns = value.shape.length === 2 ? value.shape[1]! : 1;
    if (value.shape[0] !== directions || ![1, parts].includes(columns))
      throw new ShapeError(`${op}: scales [${value.shape}] do not fit weights [${weight.shape}]`);
    return cast(reshape(value, [directions!, 1, columns]), "float32");
  };
  const steps = cast(weight, "float32");
  return transpose(mul(zero ? sub(steps, each(zero)) : steps, each(scale)), [0, 2, 1]);
}

const ROUNDED_LSTM = unrolledLstm(rounded);

/** An LSTM with weights of bytes: its sequence, and its state before each step, are quantised by their own ranges. */
const quantisedLstm: Lowering = ({ op, inputs, attributes }) => {
  const [x, w, r, bias, lengths, h, c, peepholes, wScale, wZero, rScale, rZero] = inputs as readonly (
    | Value
    | undefined
  )[];
  if (x?.shape.length !== 3 || !w || !r || !wScale || !rScale)
    throw new ShapeError(`${op}: expected a sequence, and weights of bytes with their scales`);
  const batch = x.shape[number(attributes, "layout", 0) ? 0 : 1]!;
  // onnxruntime shares a batch among its threads, each of which takes a range of its own.
  if (batch !== 1) throw new ShapeError(`${op}: a batch of ${batch} sequences is not supported, expected 1`);
  const weights = [recurrentWeight(op, w, wScale, wZero), recurrentWeight(op, r, rScale, rZero)];
  return ROUNDED_LSTM({ op, inputs: [rounded(x), ...weights, bias, lengths, h, c, peepholes], attributes });
};

/** Attention whose tokens and packed weights are bytes. */
const quantisedAttention: Lowering = (node) => {
  const [x, weight, bias, xScale, wScale, mask, xZero, wZero, past] = node.inputs as readonly (Value | undefined)[];
  if (mask || past) throw new ShapeError(`${node.op}: masks by index and past keys are not supported`);
  if (number(node.attributes, "do_rotary", 0)) throw new ShapeError(`${node.op}: do_rotary is not supported`);
  const scale = reshape(xScale!, []);
  return [attended(node, parts(product([x, weight, xZero, wZero], scale, wScale!, bias), 3), undefined)];
};

/** A weight with scales by column of the product. */
const along = (b: Value, scale: Value, zero: Value | undefined, attributes: Attributes): Value =>
  DEQUANTIZE({
    op: "DequantizeLinear",
    inputs: [b, scale, zero],
    attributes: { axis: number(attributes, "transB", 0) ? 0 : 1 },
  })[0]!;

export const MICROSOFT_QUANTISED: LoweringTable = {
  QuantizeLinear: ({ inputs: [x, scale, zero] }) => [bytes(x!, scale!, zero)],
  DequantizeLinear: DEQUANTIZE,
  QLinearAdd: ofTwo(add),
  QLinearMul: ofTwo(mul),
  QLinearSigmoid: ofBytes(sigmoid),
  QLinearSoftmax: ofBytes(softmax),
  QLinearWhere: chosen,
  QLinearLeakyRelu: ofBytes((x, attributes) => apply("LeakyRelu", [x], attributes)),
  QLinearAveragePool: ofBytes((x, attributes) =>
    apply("AveragePool", [x], firstChannels("QLinearAveragePool", attributes)),
  ),
  QLinearGlobalAveragePool: ofBytes((x, attributes) =>
    apply("GlobalAveragePool", [x], firstChannels("QLinearGlobalAveragePool", attributes)),
  ),
  QLinearConcat: concatenated,
  QGemm: gemm,
  QAttention: quantisedAttention,
  DynamicQuantizeLSTM: quantisedLstm,
  MatMulNBits: fewBits,
  EmbedLayerNormalization: embedded(false),
  QEmbedLayerNormalization: embedded(true),
  DynamicQuantizeMatMul: ({ inputs: [a, ...rest] }) => [byRange(a!, rest)],
  MatMulIntegerToFloat: ({ inputs: [a, b, aScale, bScale, aZero, bZero, bias] }) => [
    product([a, b, aZero, bZero], reshape(aScale!, []), bScale!, bias),
  ],
};
