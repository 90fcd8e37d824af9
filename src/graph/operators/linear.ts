import { LIMITS } from "../../limits.js";
import { broadcast, type Shape, ShapeError, sameShape } from "../shape.js";
import type { TensorType } from "../value.js";
import type { Inference, OperatorSpec } from "./spec.js";

/** Resolved geometry of a convolution or pooling window, one entry per spatial axis; pads are [begin…, end…]. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/** Reads strides, dilations, pads and auto_pad; refuses a window that does not fit the input. */
export function windowOf(node: Inference, spatial: Shape, kernel: Shape): Window {
  const rank = kernel.length;
  const strides = node.intsAttribute("strides", Array<number>(rank).fill(1));
  const dilations = node.intsAttribute("dilations", Array<number>(rank).fill(1));
  const autoPad = node.string("auto_pad", "NOTSET");
  const pads = [...node.intsAttribute("pads", Array<number>(2 * rank).fill(0))];
  const declared = node.intsAttribute("kernel_shape", kernel);
  if (autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER")
    for (let i = 0; i < rank; i++) {
      // onnxruntime pads a pooling window as if it were not dilated.
      const dilation = node.op.endsWith("Pool") ? 1 : dilations[i]!;
      const span = dilation * (kernel[i]! - 1) + 1;
      const total = Math.max(0, (Math.ceil(spatial[i]! / strides[i]!) - 1) * strides[i]! + span - spatial[i]!);
      const small = Math.floor(total / 2);
      pads[i] = autoPad === "SAME_UPPER" ? small : total - small;
      pads[i + rank] = total - pads[i]!;
    }
  else if (autoPad === "VALID") pads.fill(0);
  else if (autoPad !== "NOTSET") throw new ShapeError(`${node.op}: auto_pad ${autoPad} is unknown`);
  if ([strides.length, dilations.length, pads.length / 2, spatial.length].some((n) => n !== rank))
    throw new ShapeError(
      `${node.op}: strides [${strides}], dilations [${dilations}] and pads [${pads}] do not fit kernel [${kernel}] on [${spatial}]`,
    );
  if (!sameShape(declared, kernel))
    throw new ShapeError(`${node.op}: kernel_shape [${declared}] is not the weight's [${kernel}]`);
  if ([...kernel, ...strides, ...dilations].some((n) => n < 1) || pads.some((n) => n < 0))
    throw new ShapeError(
      `${node.op}: kernel [${kernel}], strides [${strides}] and dilations [${dilations}] must be positive, pads [${pads}] not negative`,
    );
  return { kernel, strides, dilations, pads };
}

/** Output extents of a window sliding over `spatial`. */
function slidingExtents(op: string, spatial: Shape, window: Window, ceil = false): number[] {
  const rank = spatial.length;
  return spatial.map((extent, i) => {
    const span = window.dilations[i]! * (window.kernel[i]! - 1) + 1;
    const padded = extent + window.pads[i]! + window.pads[i + rank]!;
    let count = (ceil ? Math.ceil : Math.floor)((padded - span) / window.strides[i]!) + 1;
    // A window must start inside the input or its leading padding (the onnx and torch rule for ceil_mode).
    if (ceil && (count - 1) * window.strides[i]! >= extent + window.pads[i]!) count -= 1;
    if (count < 1) throw new ShapeError(`${op}: a window of [${window.kernel}] does not fit an input of [${spatial}]`);
    return count;
  });
}

function conv(node: Inference): TensorType[] {
  const x = node.shape(0);
  const w = node.shape(1);
  const group = node.int("group", 1);
  if (x.length !== w.length || x.length < 3 || group < 1 || x[1] !== w[1]! * group || w[0]! % group !== 0)
    throw new ShapeError(`Conv: input [${x}] does not fit weight [${w}] with group ${group}`);
  node.sameType();
  const window = windowOf(node, x.slice(2), w.slice(2));
  if (node.inputs[2] && (node.shape(2).length !== 1 || node.shape(2)[0] !== w[0]))
    throw new ShapeError(`Conv: bias [${node.shape(2)}] does not fit weight [${w}]`);
  return node.typed([x[0]!, w[0]!, ...slidingExtents("Conv", x.slice(2), window)]);
}

function convTranspose(node: Inference): TensorType[] {
  const x = node.shape(0);
  const w = node.shape(1);
  const group = node.int("group", 1);
  if (x.length !== w.length || x.length < 3 || group < 1 || x[1] !== w[0] || w[0]! % group !== 0)
    throw new ShapeError(`ConvTranspose: input [${x}] does not fit weight [${w}] with group ${group}`);
  if (node.inputs[2] && (node.shape(2).length !== 1 || node.shape(2)[0] !== w[1]! * group))
    throw new ShapeError(`ConvTranspose: bias [${node.shape(2)}] does not fit weight [${w}] with group ${group}`);
  if (node.string("auto_pad", "NOTSET") !== "NOTSET")
    throw new ShapeError(`ConvTranspose: auto_pad ${node.string("auto_pad", "")} is not supported, expected pads`);
  node.sameType();
  const { kernel, strides, dilations, pads } = windowOf(node, x.slice(2), w.slice(2));
  const extra = node.intsAttribute(
    "output_padding",
    kernel.map(() => 0),
  );
  const spatial = x.slice(2).map((extent, i) => {
    const span = dilations[i]! * (kernel[i]! - 1) + 1;
    return (extent - 1) * strides[i]! + span + extra[i]! - pads[i]! - pads[i + kernel.length]!;
  });
  if (extra.length !== kernel.length || spatial.some((d) => d < 1))
    throw new ShapeError(`ConvTranspose: pads [${pads}] and output_padding [${extra}] do not fit [${x}] and [${w}]`);
  return node.typed([x[0]!, w[1]! * group, ...spatial]);
}

/** Matrix product shape with numpy's broadcasting of leading axes and promotion of vectors. */
export function matMulShape(a: Shape, b: Shape): Shape {
  if (a.length === 0 || b.length === 0)
    throw new ShapeError(`MatMul: shapes [${a}] and [${b}]: a scalar has no product`);
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  if (left[left.length - 1] !== right[right.length - 2])
    throw new ShapeError(`MatMul: shapes [${a}] and [${b}] do not fit`);
  const batch = broadcast("MatMul", left.slice(0, -2), right.slice(0, -2));
  return [...batch, ...(a.length === 1 ? [] : [left.at(-2)!]), ...(b.length === 1 ? [] : [right.at(-1)!])];
}

function gemm(node: Inference): TensorType[] {
  const a = node.shape(0);
  const b = node.shape(1);
  const [m, k] = node.int("transA", 0) ? [a[1], a[0]] : [a[0], a[1]];
  const [k2, n] = node.int("transB", 0) ? [b[1], b[0]] : [b[0], b[1]];
  if (a.length !== 2 || b.length !== 2 || k !== k2)
    throw new ShapeError(
      `Gemm: shapes [${a}] and [${b}] do not fit (transA ${node.int("transA", 0)}, transB ${node.int("transB", 0)})`,
    );
  if (node.inputs[2]) {
    const shape = broadcast("Gemm", [m!, n!], node.shape(2));
    if (shape.length !== 2 || shape[0] !== m || shape[1] !== n)
      throw new ShapeError(`Gemm: bias [${node.shape(2)}] does not fit the product [${m},${n}]`);
  }
  node.sameType();
  return node.typed([m!, n!]);
}

function pool(node: Inference): TensorType[] {
  const x = node.shape(0);
  const kernel = node.intsAttribute("kernel_shape", []);
  if (x.length !== kernel.length + 2 || x.length < 3)
    throw new ShapeError(`${node.op}: input [${x}] does not fit kernel [${kernel}]`);
  const window = windowOf(node, x.slice(2), kernel);
  const shape = [x[0]!, x[1]!, ...slidingExtents(node.op, x.slice(2), window, node.int("ceil_mode", 0) === 1)];
  const elements = [...kernel, ...shape.slice(2)].reduce((product, extent) => product * extent, 1);
  if (!(elements <= LIMITS.windows))
    throw new ShapeError(
      `${node.op}: windows of [${kernel}] at [${shape.slice(2)}] places have ${elements.toExponential(1)} elements together; the limit is ${LIMITS.windows.toExponential()} a channel`,
    );
  const values = node.typed(shape);
  return node.outputCount === 2 ? [...values, { dtype: "int64", shape }] : values;
}

const windowAttributes = {
  auto_pad: "string",
  dilations: "ints",
  group: "int",
  kernel_shape: "ints",
  pads: "ints",
  strides: "ints",
} as const;

export const LINEAR: Record<string, OperatorSpec> = {
  Conv: { inputs: [2, 3], attributes: windowAttributes, infer: conv },
  ConvTranspose: {
    inputs: [2, 3],
    attributes: { ...windowAttributes, output_padding: "ints" },
    infer: convTranspose,
  },
  MatMul: {
    inputs: [2, 2],
    infer: (node) => [{ dtype: node.sameType(), shape: matMulShape(node.shape(0), node.shape(1)) }],
  },
  Gemm: { inputs: [2, 3], attributes: { alpha: "float", beta: "float", transA: "int", transB: "int" }, infer: gemm },
  MaxPool: {
    inputs: [1, 1],
    attributes: { ...windowAttributes, ceil_mode: "int", storage_order: "int" },
    infer: pool,
  },
  AveragePool: {
    inputs: [1, 1],
    attributes: { ...windowAttributes, ceil_mode: "int", count_include_pad: "int" },
    infer: pool,
  },
  GlobalAveragePool: {
    inputs: [1, 1],
    infer: (node) => {
      const x = node.shape(0);
      if (x.length < 3) throw new ShapeError(`GlobalAveragePool: input [${x}] has no spatial axes`);
      return node.typed(x.map((d, i) => (i < 2 ? d : 1)));
    },
  },
};
