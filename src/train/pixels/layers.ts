import { add, cast, conv, matmul, reshape, transpose } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Layer } from "../attention/module.js";
import type { Convolution } from "./spec.js";

/** How a network computes a convolution, without the ReLU after it. */
export type Convolve = (x: Value, layer: Layer, geometry: Convolution) => Value;

/** In ordinary operators. */
export const convolution: Convolve = (x, { weight, bias }, { stride, padding = 0 }) =>
  conv(cast(x, "float32"), weight, { strides: [stride, stride], pads: Array<number>(4).fill(padding) }, bias);

/** The fastest way for training. */
export const fastConvolution: Convolve = (x, layer, geometry) =>
  isTiled(x, geometry) ? tiledConvolution(x, layer) : convolution(x, layer, geometry);

/** True where the kernel's places touch, and leave nothing out. */
function isTiled(x: Value, { kernel, stride, padding = 0 }: Convolution): boolean {
  const [height, width] = x.shape.slice(2) as [number, number];
  return kernel === stride && padding === 0 && height % stride === 0 && width % stride === 0;
}

/**
 * A convolution whose stride is its kernel's size, as one matrix product: bytes are moved before they become floats, and
 * each gradient is one more product. A third of the time of Conv and its gradients.
 */
function tiledConvolution(x: Value, { weight, bias }: Layer): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [filters, , kernel] = weight.shape as [number, number, number, number];
  const [rows, columns] = [height / kernel, width / kernel];
  const inputs = channels * kernel * kernel;
  const parted = reshape(x, [batch, channels, rows, kernel, columns, kernel]);
  const tiles = reshape(transpose(parted, [0, 2, 4, 1, 3, 5]), [batch * rows * columns, inputs]);
  const columnsOfTiles = transpose(cast(tiles, "float32"), [1, 0]);
  const maps = add(matmul(reshape(weight, [filters, inputs]), columnsOfTiles), reshape(bias, [filters, 1]));
  return transpose(reshape(maps, [filters, batch, rows, columns]), [1, 0, 2, 3]);
}
