import { relu, sigmoid, tanh } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { type Activation, elu, leakyRelu, prelu, relu6 } from "../activations.js";
import {
  batchNormalisation,
  convolution,
  elementwise,
  pooling,
  resized,
  transposedConvolution,
  type Windows,
} from "../channels-last.js";
import type { Operation, OperationBuilder, OperationTable } from "./operation.js";

function windowsOf(operation: Operation): Windows {
  operation.requireChannelsLast();
  const padding = operation.text("padding", "VALID").toLowerCase();
  const geometry = { strides: operation.spatial("strides"), dilations: operation.spatial("dilations") };
  if (padding === "same" || padding === "valid") return { ...geometry, padding };
  const pads = operation.numbers("explicit_paddings", []);
  if (padding !== "explicit" || pads.length !== 8) throw operation.error(`padding ${padding} is not supported`);
  return { ...geometry, padding: [pads.slice(2, 4), pads.slice(4, 6)] as unknown as [number, number][] };
}

/** Activations that are part of a fused operation. */
const FUSED: Readonly<Record<string, (operation: Operation) => Activation>> = {
  Relu: () => relu,
  Relu6: () => relu6,
  Elu: () => (x) => elu(x),
  Sigmoid: () => sigmoid,
  Tanh: () => tanh,
  LeakyRelu: (operation) => (x) => leakyRelu(x, operation.number("leakyrelu_alpha", 0.2)),
};

/** What an operation computes besides its product: a bias, then an activation. */
export function fused(operation: Operation, product: (bias: Value | undefined) => Value): Value {
  const names = operation.texts("fused_ops");
  const isBiased = names[0] === "BiasAdd";
  const [activation, ...more] = names.slice(isBiased ? 1 : 0);
  const value = product(isBiased ? operation.input(2) : undefined);
  if (activation === undefined) return value;
  if (activation === "Prelu" && more.length === 0) return prelu(value, operation.input(3));
  const found = own(FUSED, activation);
  if (!found || more.length > 0 || !(isBiased || names.length === 1))
    throw operation.error(`fused_ops ${names.join(", ")} are not supported`);
  return elementwise(value, found(operation));
}

const convolutionOf =
  (isDepthwise: boolean): OperationBuilder =>
  (operation) =>
    fused(operation, (bias) =>
      convolution(operation.input(0), operation.input(1), windowsOf(operation), bias, isDepthwise),
    );

const poolingOf =
  (kind: "max" | "mean"): OperationBuilder =>
  (operation) =>
    pooling(operation.input(0), kind, operation.spatial("ksize"), windowsOf(operation));

/** Batch normalisation; only the first of its outputs is of use outside of training. */
const normalisation: OperationBuilder = (operation) => {
  operation.requireChannelsLast();
  if (operation.flag("is_training")) throw operation.error("is_training is not supported");
  const [x, scale, shift, mean, variance] = [0, 1, 2, 3, 4].map((i) => operation.input(i)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  return batchNormalisation(x, { scale, shift, mean, variance }, operation.number("epsilon", 1e-4));
};

const resizing =
  (mode: "nearest" | "linear"): OperationBuilder =>
  (operation) => {
    const aligned = operation.flag("align_corners");
    const half = operation.flag("half_pixel_centers");
    if (mode === "nearest" && half) throw operation.error("half_pixel_centers is not supported");
    const coordinates = aligned ? "align_corners" : half ? "half_pixel" : "asymmetric";
    return resized(operation.input(0), operation.constant(1, "sizes"), mode, coordinates);
  };

/** Operations on images. */
export const CONVOLUTION: OperationTable = {
  Conv2D: convolutionOf(false),
  _FusedConv2D: convolutionOf(false),
  DepthwiseConv2d: convolutionOf(true),
  DepthwiseConv2dNative: convolutionOf(true),
  FusedDepthwiseConv2dNative: convolutionOf(true),
  Conv2DBackpropInput: (operation) => {
    const { strides, padding } = windowsOf(operation);
    if (typeof padding !== "string") throw operation.error("explicit padding is not supported");
    const [, height, width] = operation.constant(0, "sizes") as [number, number, number];
    const value = transposedConvolution(operation.input(2), operation.input(1), strides, padding);
    if (value.shape[1] !== height || value.shape[2] !== width)
      throw operation.error(
        `an output of ${height}×${width} is not supported, expected ${value.shape[1]}×${value.shape[2]}`,
      );
    return value;
  },
  MaxPool: poolingOf("max"),
  AvgPool: poolingOf("mean"),
  FusedBatchNorm: normalisation,
  FusedBatchNormV2: normalisation,
  FusedBatchNormV3: normalisation,
  ResizeBilinear: resizing("linear"),
  ResizeNearestNeighbor: resizing("nearest"),
};
