import { apply } from "../graph/apply.js";
import { conv, int64, reshape, transpose } from "../graph/build.js";
import { ShapeError } from "../graph/shape.js";
import type { Value } from "../graph/value.js";
import { settled } from "./settled.js";

// TensorFlow.js keeps channels last, ONNX keeps them behind the batch. Neighbouring layers share one pair of transposes:
// what comes out of one is brought to the next without them.

const toFirst = (rank: number) => [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
const toLast = (rank: number) => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];

/** [N, spatial…, C] → [N, C, spatial…] */
export function channelsFirst(x: Value): Value {
  if (x.shape.length < 3) return x;
  return ofChannelsFirst(x) ?? transpose(x, toFirst(x.shape.length));
}

/** [N, C, spatial…] → [N, spatial…, C] */
export const channelsLast = (x: Value): Value => (x.shape.length < 3 ? x : transpose(x, toLast(x.shape.length)));

/** The value with channels first that `channelsLast` made this one of. */
function ofChannelsFirst(x: Value): Value | undefined {
  const { op, attributes, inputs } = x.node;
  const perm = attributes.perm as readonly number[] | undefined;
  if (op !== "Transpose" || x.shape.length < 3 || `${perm}` !== `${toLast(x.shape.length)}`) return undefined;
  return inputs[0];
}

/** An elementwise function of one value: on channels first where the value comes from there. */
export function elementwise(x: Value, f: (x: Value) => Value): Value {
  const first = ofChannelsFirst(x);
  return first ? channelsLast(f(first)) : f(x);
}

/** An elementwise function of two values: on channels first where both come from there. */
export function elementwisePair(a: Value, b: Value, f: (a: Value, b: Value) => Value): Value {
  const [left, right] = [ofChannelsFirst(a), ofChannelsFirst(b)];
  if (left && right && left.shape.length === right.shape.length) return channelsLast(f(left, right));
  if (left && isVector(b)) return channelsLast(f(left, spread(b, left.shape.length)));
  if (right && isVector(a)) return channelsLast(f(spread(a, right.shape.length), right));
  return f(a, b);
}

const isVector = (x: Value) => x.shape.length <= 1;

/** A number per channel, for channels first. */
const spread = (x: Value, rank: number) =>
  x.shape.length === 0 ? x : settled(reshape(x, [x.shape[0]!, ...Array<number>(rank - 2).fill(1)]));

/** What windows of a layer are like; per spatial axis. */
export interface Windows {
  readonly strides: readonly number[];
  readonly dilations?: readonly number[];
  /** `same` and `valid`, or zeros before and after each axis. */
  readonly padding: "same" | "valid" | readonly (readonly [before: number, after: number])[];
}

/** Pads of windows over `spatial`, begins before ends: of `same` the odd one is behind. */
function padsOf(spatial: readonly number[], kernel: readonly number[], windows: Windows): number[] {
  const { padding, strides, dilations } = windows;
  const pairs = spatial.map((extent, i): readonly [number, number] => {
    if (padding === "valid") return [0, 0];
    if (padding !== "same") return padding[i]!;
    const span = (dilations?.[i] ?? 1) * (kernel[i]! - 1) + 1;
    const total = Math.max(0, (Math.ceil(extent / strides[i]!) - 1) * strides[i]! + span - extent);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  return [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)];
}

/**
 * A convolution of [N, spatial…, C].
 * @param kernel [spatial…, C, filters]; of a depthwise one [spatial…, C, multiplier]
 */
export function convolution(x: Value, kernel: Value, windows: Windows, bias?: Value, isDepthwise = false): Value {
  const rank = kernel.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
  const size = kernel.shape.slice(0, -2);
  const [channels, last] = kernel.shape.slice(-2) as [number, number];
  const input = channelsFirst(x);
  if (input.shape.length !== rank)
    throw new ShapeError(`an input of [${x.shape}] does not fit a kernel of [${kernel.shape}]`);
  const dilations = windows.dilations ?? size.map(() => 1);
  const pads = padsOf(input.shape.slice(2), size, windows);
  const weight = isDepthwise
    ? reshape(transpose(kernel, [rank - 2, rank - 1, ...spatial]), [channels * last, 1, ...size])
    : transpose(kernel, [rank - 1, rank - 2, ...spatial]);
  const group = isDepthwise ? channels : input.shape[1]! / channels;
  const geometry = { strides: windows.strides, dilations, pads, group };
  return channelsLast(conv(input, settled(weight), geometry, bias));
}

/**
 * The transpose of a convolution.
 * @param kernel [height, width, filters, C]
 */
export function transposedConvolution(
  x: Value,
  kernel: Value,
  strides: readonly number[],
  padding: "same" | "valid",
  bias?: Value,
): Value {
  const size = kernel.shape.slice(0, 2);
  const total = size.map((extent, i) => (padding === "same" ? Math.max(0, extent - strides[i]!) : 0));
  const pads = [...total.map((n) => Math.floor(n / 2)), ...total.map((n) => Math.ceil(n / 2))];
  const weight = settled(transpose(kernel, [3, 2, 0, 1]));
  const output = size.map((extent, i) => Math.max(0, strides[i]! - extent));
  return channelsLast(
    apply("ConvTranspose", bias ? [channelsFirst(x), weight, bias] : [channelsFirst(x), weight], {
      strides: [...strides],
      pads,
      output_padding: output,
    }),
  );
}

/** The largest or mean element of each window of [N, spatial…, C]; zeros around do not count. */
export function pooling(x: Value, kind: "max" | "mean", kernel: readonly number[], windows: Windows): Value {
  const input = channelsFirst(x);
  const pads = padsOf(input.shape.slice(2), kernel, windows);
  const attributes = { kernel_shape: [...kernel], strides: [...windows.strides], pads };
  return channelsLast(apply(kind === "max" ? "MaxPool" : "AveragePool", [input], attributes));
}

/** Batch normalisation with running statistics, one number per channel. */
export function batchNormalisation(
  x: Value,
  { scale, shift, mean, variance }: Readonly<Record<"scale" | "shift" | "mean" | "variance", Value>>,
  epsilon: number,
): Value {
  const input = channelsFirst(x);
  return channelsLast(apply("BatchNormalization", [input, scale, shift, mean, variance], { epsilon }));
}

/** An image [N, height, width, C] of another size. */
export function resized(
  x: Value,
  size: readonly number[],
  mode: "nearest" | "linear",
  coordinates: "asymmetric" | "align_corners" | "half_pixel",
): Value {
  const input = channelsFirst(x);
  const rounding = coordinates === "align_corners" ? "round_prefer_ceil" : "floor";
  const attributes = { mode, coordinate_transformation_mode: coordinates };
  return channelsLast(
    apply(
      "Resize",
      [input, undefined, undefined, int64([...input.shape.slice(0, 2), ...size])],
      mode === "nearest" ? { ...attributes, nearest_mode: rounding } : attributes,
    ),
  );
}
