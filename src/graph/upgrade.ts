import { own } from "../own.js";
import { apply } from "./apply.js";
import { constant, div, int64, scalar, tensor } from "./build.js";
import { DTYPES, dtypeOf } from "./dtype.js";
import { Literal } from "./literal.js";
import { alongAxis } from "./lowering/quantisation.js";
import { ShapeError, sizeOf } from "./shape.js";
import type { Attributes, Value } from "./value.js";

export interface NodeForm {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

/** The node's origin: its operator set and number of outputs. */
interface Origin {
  readonly opset: number;
  readonly outputs: number;
}

type Upgrade = (form: NodeForm, origin: Origin) => NodeForm;

/** Turns an attribute of old operator sets into the input that opset 18 has for it. */
function attributeToInput(form: NodeForm, name: string, position: number, as = int64): NodeForm {
  const { [name]: value, ...rest } = form.attributes;
  if (value === undefined) return form;
  const inputs = [...form.inputs];
  while (inputs.length < position) inputs.push(undefined);
  inputs[position] = as(value as readonly number[]);
  return { ...form, inputs, attributes: rest };
}

const axesToInput: Upgrade = (form) => attributeToInput(form, "axes", 1);

/** A number as a scalar of the first input's type. */
const numberLike = (form: NodeForm) => (value: unknown) => tensor(form.inputs[0]!.dtype, [], [value as number]);

const split: Upgrade = (form, { outputs }) => {
  const moved = attributeToInput(form, "split", 1);
  return moved.inputs[1] ? moved : { ...moved, attributes: { num_outputs: outputs, ...moved.attributes } };
};

/** Before operator set 11 the ends were attributes, with the largest numbers by default. */
const clip: Upgrade = (form, { opset }) => {
  if (opset >= 11) return form;
  const low = attributeToInput(form, "min", 1, numberLike(form));
  return attributeToInput(low, "max", 2, numberLike(form));
};

const pad: Upgrade = (form, { opset }) => {
  if (opset >= 11) return form;
  const pads = attributeToInput(form, "pads", 1);
  return attributeToInput(pads, "value", 2, numberLike(form));
};

const slice: Upgrade = (form) =>
  ["starts", "ends", "axes"].reduce((moved, name, i) => attributeToInput(moved, name, i + 1), form);

const topK: Upgrade = (form) => attributeToInput(form, "k", 1, (k) => int64([k as unknown as number]));

/** The dropout probability in training. */
const dropout: Upgrade = (form) => {
  const { ratio: _, ...attributes } = form.attributes;
  return { ...form, attributes };
};

/** Before operator set 13 all axes from `axis` (1 by default) on were one. */
const softmax: Upgrade = (form, { opset }) => {
  if (opset >= 13) return form;
  const { shape } = form.inputs[0]!;
  const given = (form.attributes.axis as number | undefined) ?? 1;
  const axis = given < 0 ? given + shape.length : given;
  if (sizeOf(shape.slice(axis + 1)) !== 1)
    throw new ShapeError(
      `${form.op}: over the axes from ${axis} on of [${shape}] at once, as before opset 13, is not supported`,
    );
  return { ...form, attributes: { axis } };
};

/**
 * Upsample, and Resize of operator set 10: every output reads at its index over the scale. The nearest element is the
 * one before it, or, along an axis that shrinks, the one behind it.
 */
const upsample: Upgrade = (form, { opset }) => {
  if (form.op === "Resize" && opset > 10) return form;
  const [x, scales] = form.inputs;
  const op = RENAMED.Upsample;
  const attributes = {
    mode: form.attributes.mode ?? "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  };
  const numbers = Array.from(scales?.literal?.numbers() ?? []);
  if (attributes.mode !== "nearest" || numbers.every((scale) => scale >= 1))
    return { op, inputs: [x, undefined, scales], attributes };
  const smaller = tensor(
    "float32",
    [numbers.length],
    numbers.map((scale) => Math.min(scale, 1)),
  );
  const shrunk: NodeForm = { op, inputs: [x, undefined, smaller], attributes: { ...attributes, nearest_mode: "ceil" } };
  // The other axes one by one: onnxruntime copies a Resize whose size stays.
  return numbers.reduce((made, scale, axis) => {
    if (scale <= 1) return made;
    const extent = x!.shape[axis]!;
    const before = (_: unknown, i: number) => Math.min(extent - 1, Math.floor(Math.fround(i / scale)));
    const indices = int64(Array.from({ length: Math.floor(Math.fround(extent * scale)) }, before));
    return { op: "Gather", inputs: [apply(made.op, made.inputs, made.attributes), indices], attributes: { axis } };
  }, shrunk);
};

/**
 * One scale and zero point as scalars; the zero point is given, and with it the type of the result. Scales along an axis
 * divide before, in steps of one.
 */
const quantize: Upgrade = (form) => {
  const [x, scale, zero] = form.inputs;
  const { output_dtype } = form.attributes as { output_dtype?: number };
  if (form.attributes.block_size) throw new ShapeError("QuantizeLinear: scales in blocks are not supported");
  const type = dtypeOf(output_dtype || DTYPES.uint8.onnx);
  if (!type) throw new ShapeError(`QuantizeLinear: element type ${output_dtype} is not supported`);
  const given = zero ?? tensor(type, [], [0]);
  if (!x || !scale || sizeOf(scale.shape) === 1)
    return { op: form.op, inputs: [x, asScalar(scale), asScalar(given)], attributes: {} };
  const points = given.literal?.numbers() ?? [];
  if (new Set(points).size !== 1)
    throw new ShapeError("QuantizeLinear: zero points that differ along an axis are not supported");
  const steps = div(x, alongAxis(form.op, scale, x, (form.attributes.axis as number | undefined) ?? 1));
  return { op: form.op, inputs: [steps, scalar(1, x.dtype), tensor(given.dtype, [], [points[0]!])], attributes: {} };
};

function asScalar(value: Value | undefined): Value | undefined {
  const { literal } = value ?? {};
  return literal?.size === 1 ? constant(new Literal(literal.dtype, [], literal.bytes)) : value;
}

/**
 * A pool with `ceil_mode` whose last window would begin behind the input has one window less. onnxruntime computes that,
 * and infers otherwise before operator set 22: the same windows by padding alone, where that is possible.
 */
const pool: Upgrade = (form) => {
  const { ceil_mode, ...rest } = form.attributes;
  if (ceil_mode !== 1 || (rest.auto_pad ?? "NOTSET") !== "NOTSET") return form;
  const spatial = form.inputs[0]!.shape.slice(2);
  const rank = spatial.length;
  const ints = (name: string, fallback: number) =>
    (own(rest, name) as readonly number[] | undefined) ?? Array<number>(2 * rank).fill(fallback);
  const [kernel, strides, dilations, pads] = [
    ints("kernel_shape", 1),
    ints("strides", 1),
    ints("dilations", 1),
    ints("pads", 0),
  ];
  const axes = spatial.map((extent, i) => {
    const [stride, begin, end] = [strides[i]!, pads[i]!, pads[i + rank]!];
    const span = dilations[i]! * (kernel[i]! - 1) + 1;
    const last = Math.ceil((extent + begin + end - span) / stride);
    const isBehind = last * stride >= extent + begin;
    const reach = (last - Number(isBehind)) * stride + span;
    return { isBehind, end, needed: Math.max(0, reach - extent - begin) };
  });
  // An average over the padding counts what there is of it.
  const isSame = rest.count_include_pad !== 1 || axes.every(({ needed, end }) => needed <= end);
  if (!isSame || !axes.some(({ isBehind }) => isBehind)) return form;
  return { ...form, attributes: { ...rest, pads: [...pads.slice(0, rank), ...axes.map(({ needed }) => needed)] } };
};

/** Operators that later operator sets have under another name. */
export const RENAMED = { Upsample: "Resize", Scatter: "ScatterElements" } as const;

const UPGRADE: Readonly<Record<string, Upgrade>> = {
  ReduceMean: axesToInput,
  ReduceMax: axesToInput,
  ReduceMin: axesToInput,
  ReduceSum: axesToInput,
  ReduceProd: axesToInput,
  ReduceL1: axesToInput,
  ReduceL2: axesToInput,
  ReduceSumSquare: axesToInput,
  ReduceLogSum: axesToInput,
  ReduceLogSumExp: axesToInput,
  Squeeze: axesToInput,
  Unsqueeze: axesToInput,
  Split: split,
  Clip: clip,
  Pad: pad,
  Slice: slice,
  TopK: topK,
  Dropout: dropout,
  Softmax: softmax,
  LogSoftmax: softmax,
  Upsample: upsample,
  Resize: upsample,
  QuantizeLinear: quantize,
  MaxPool: pool,
  AveragePool: pool,
  Scatter: (form) => ({ ...form, op: RENAMED.Scatter }),
};

/** The opset-18 form of a node, read from any supported operator set. */
export const upgrade = (form: NodeForm, origin: Origin): NodeForm => own(UPGRADE, form.op)?.(form, origin) ?? form;
