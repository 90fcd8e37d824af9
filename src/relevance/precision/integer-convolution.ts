import { apply } from "../../graph/apply.js";
import {
  add,
  type ConvGeometry,
  cast,
  concat,
  div,
  maximum,
  mul,
  padAxis,
  reduceMax,
  scalar,
  slice,
  split,
  sub,
  tensor,
  transpose,
} from "../../graph/build.js";
import type { Literal } from "../../graph/literal.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";

/**
 * Weights are rounded to ±63: then two products with a byte fit in sixteen bits, in which processors without VNNI add
 * pairs with saturation.
 */
const WEIGHT_STEPS = 63;
const INPUT_STEPS = 255;
/** Keeps the step above zero for an input that is zero everywhere. */
const SMALLEST = 1e-30;

/**
 * A convolution of an input ≥ 0, [N, C, H, W], in eight-bit integers with exact sums: the input in 255 steps of each
 * image's largest element, weights in 63 steps of each output channel's. The input is dithered: it is rounded up as
 * often as its remainder says, so that many small elements of a peaked map or a dark image keep their sum. Written as
 * matrix products, one per kernel row, of windows laid out along channels: there onnxruntime multiplies bytes four
 * times faster than float32, and adds in 32 bits.
 */
export function integerConv(x: Value, weight: Literal, { strides, dilations, pads }: ConvGeometry): Value {
  const [batch, channels, h, w] = x.shape as [number, number, number, number];
  const [outputs, , rows, columns] = weight.shape as [number, number, number, number];
  const step = div(maximum(reduceMax(x, [1, 2, 3], true), SMALLEST), INPUT_STEPS);
  const steps = add(div(x, step), remainders(channels, h, w));
  const bytes = apply("QuantizeLinear", [steps, scalar(1), scalar(0, "uint8")]);
  const padded = padAxis(padAxis(transpose(bytes, [0, 2, 3, 1]), 1, pads[0]!, pads[2]!), 2, pads[1]!, pads[3]!);

  /** Every stride-th row or column that row or column `index` of a kernel reads. */
  const met = (value: Value, axis: 1 | 2, index: number, kernel: number): Value => {
    const [stride, dilation] = [strides[axis - 1]!, dilations[axis - 1]!];
    const count = Math.floor((padded.shape[axis]! - dilation * (kernel - 1) - 1) / stride) + 1;
    return slice(value, axis, index * dilation, index * dilation + stride * (count - 1) + 1, stride);
  };
  const { kernels, scales } = quantised(weight);
  const matrices = kernels.map((kernel) => tensor("int8", [columns * channels, outputs], kernel));
  const sumsOf = (image: Value): Value => {
    const windows = concat(
      Array.from({ length: columns }, (_, j) => met(image, 2, j, columns)),
      3,
    );
    const products = matrices.map((matrix, i) =>
      apply("MatMulInteger", [met(windows, 1, i, rows), matrix, scalar(0, "uint8"), scalar(0, "int8")]),
    );
    // Transposed before it is scaled: otherwise runtimes merge this with later reshapes into a slow transpose.
    return transpose(cast(products.reduce(add), "float32"), [0, 3, 1, 2]);
  };
  // Image by image, so that data between operators stays in a cache.
  const images = batch === 1 ? [padded] : split(padded, 0, Array<number>(batch).fill(1));
  const sums = concat(images.map(sumsOf), 0);
  return mul(sums, mul(step, tensor("float32", [1, outputs, 1, 1], scales)));
}

/** A weight [K, C, rows, columns] as bytes, one matrix [columns · C, K] per kernel row, and the size of a step, [K]. */
function quantised(weight: Literal): { readonly kernels: readonly Int8Array[]; readonly scales: Float64Array } {
  const [outputs, channels, rows, columns] = weight.shape as [number, number, number, number];
  const numbers = weight.numbers();
  const size = channels * rows * columns;
  const scales = new Float64Array(outputs);
  const kernels = Array.from({ length: rows }, () => new Int8Array(columns * channels * outputs));
  for (let k = 0; k < outputs; k++) {
    const own = numbers.subarray(k * size, (k + 1) * size);
    const largest = own.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const scale = (largest || 1) / WEIGHT_STEPS;
    scales[k] = scale;
    let at = 0;
    for (let c = 0; c < channels; c++)
      for (const kernel of kernels)
        for (let j = 0; j < columns; j++) kernel[(j * channels + c) * outputs + k] = Math.round(own[at++]! / scale);
  }
  return { kernels, scales };
}

/**
 * Numbers spread evenly between −½ and ½ along every axis (multiples of the plastic number's powers, modulo 1), as an
 * expression of constants that runtimes evaluate once.
 */
function remainders(channels: number, h: number, w: number): Value {
  const along = (shape: readonly number[], factor: number) =>
    tensor(
      "float32",
      shape,
      Float64Array.from({ length: Math.max(...shape) }, (_, i) => (i * factor) % 1),
    );
  const phase = add(
    add(along([1, channels, 1, 1], 0.8191725134), along([1, 1, h, 1], 0.6710436067)),
    along([1, 1, 1, w], 0.5497004779),
  );
  return sub(sub(phase, apply("Floor", [phase])), 0.5);
}

/** Number of multiply-adds below which rounding and laying out windows cost more than they save. */
const WORTHWHILE = 2 ** 24;

/** Returns true if a convolution of this geometry gains from integers. */
export function gainsFromIntegers(output: Value, weight: Shape, { group }: ConvGeometry): boolean {
  const [outputs, channels, ...kernel] = weight as [number, number, ...number[]];
  if (group !== 1 || kernel.length !== 2 || output.dtype !== "float32") return false;
  const [batch, , h, w] = output.shape as [number, number, number, number];
  return channels >= 16 && outputs >= 32 && batch * h * w * outputs * channels * kernel[0]! * kernel[1]! >= WORTHWHILE;
}
