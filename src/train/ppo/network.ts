import { add, cast, conv, matmul, mul, relu, reshape, transpose } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { Random } from "../../sim/random.js";
import type { Parameters } from "../network/network.js";
import { Layout } from "../network/parameters.js";

interface Convolution {
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
}

/** Images in, a policy and a value out, which share the convolutions and the hidden layer. */
export interface PixelSpec {
  /** Image, pixels; channels of all its frames. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Convolutions with biases and without padding, each followed by a ReLU. */
  readonly convolutions: readonly Convolution[];
  /** Units of the hidden linear layer, also followed by a ReLU. */
  readonly hidden: number;
}

/** The two outputs of a network. */
export interface Heads {
  /** [B, outputs]: logits of the actions, or means. */
  readonly policy: Value;
  /** [B]. */
  readonly value: Value;
}

const extentAfter = (extent: number, { kernel, stride }: Convolution): number =>
  Math.floor((extent - kernel) / stride) + 1;

/** Names and shapes of all parameters. @param extra further ones of the policy's head, such as log deviations */
export function pixelLayout(spec: PixelSpec, outputs: number, extra: Readonly<Record<string, Shape>> = {}): Layout {
  const convolutions: Record<string, Shape> = {};
  let [channels, height, width] = [spec.channels, spec.height, spec.width];
  spec.convolutions.forEach((convolution, i) => {
    const { filters, kernel } = convolution;
    convolutions[`conv${i + 1}.weight`] = [filters, channels, kernel, kernel];
    convolutions[`conv${i + 1}.bias`] = [filters];
    [channels, height, width] = [filters, extentAfter(height, convolution), extentAfter(width, convolution)];
  });
  const head = {
    "hidden.weight": [channels * height * width, spec.hidden],
    "hidden.bias": [spec.hidden],
    "policy.weight": [spec.hidden, outputs],
    "policy.bias": [outputs],
    "value.weight": [spec.hidden, 1],
    "value.bias": [1],
    ...extra,
  };
  return new Layout({ readout: {}, convolutions, head });
}

/** The network on bytes [B, C, H, W], for training. */
export function pixelNetwork(spec: PixelSpec, p: Parameters, image: Value): Heads {
  const [first] = spec.convolutions;
  const weight = mul(own(p, "conv1.weight")!, 1 / 255);
  const bias = own(p, "conv1.bias")!;
  const { kernel, stride } = first!;
  const isTiled = kernel === stride && spec.height % kernel === 0 && spec.width % kernel === 0;
  const maps = isTiled
    ? tiledConvolution(image, weight, bias)
    : conv(cast(image, "float32"), weight, { strides: [stride, stride] }, bias);
  return afterFirst(spec, p, maps);
}

/** What follows on the first convolution's output, before its ReLU. */
export function afterFirst(spec: PixelSpec, p: Parameters, first: Value): Heads {
  let maps = relu(first);
  spec.convolutions.slice(1).forEach(({ stride }, i) => {
    const [weight, bias] = [own(p, `conv${i + 2}.weight`)!, own(p, `conv${i + 2}.bias`)!];
    maps = relu(conv(maps, weight, { strides: [stride, stride] }, bias));
  });
  const [batch, ...map] = maps.shape as [number, ...number[]];
  const linear = (x: Value, name: string): Value => add(matmul(x, own(p, `${name}.weight`)!), own(p, `${name}.bias`)!);
  const hidden = relu(linear(reshape(maps, [batch, map.reduce((a, b) => a * b, 1)]), "hidden"));
  return { policy: linear(hidden, "policy"), value: reshape(linear(hidden, "value"), [batch]) };
}

/**
 * A convolution whose stride is its kernel's size, as one matrix product: bytes are moved before they become floats, and
 * the gradient of the weight is one more product. A third of the time of Conv and its gradient.
 */
function tiledConvolution(image: Value, weight: Value, bias: Value): Value {
  const [batch, channels, height, width] = image.shape as [number, number, number, number];
  const [filters, , kernel] = weight.shape as [number, number, number, number];
  const [rows, columns] = [height / kernel, width / kernel];
  const inputs = channels * kernel * kernel;
  const parted = reshape(image, [batch, channels, rows, kernel, columns, kernel]);
  const tiles = reshape(transpose(parted, [0, 2, 4, 1, 3, 5]), [batch * rows * columns, inputs]);
  const columnsOfTiles = transpose(cast(tiles, "float32"), [1, 0]);
  const maps = add(matmul(reshape(weight, [filters, inputs]), columnsOfTiles), reshape(bias, [filters, 1]));
  return transpose(reshape(maps, [filters, batch, rows, columns]), [1, 0, 2, 3]);
}

/** Gain of the policy's output at the start: all actions are nearly equally likely. */
const POLICY_GAIN = 0.01;

/** He weights, small ones of the policy's output, zero biases. */
export function initialisePixels(layout: Layout, vector: Float32Array, random: Random): void {
  vector.fill(0);
  for (const [name, { shape }] of layout.slots) {
    if (!name.endsWith(".weight")) continue;
    const fanIn = shape.length === 2 ? shape[0]! : shape.slice(1).reduce((a, b) => a * b, 1);
    const gain = name === "policy.weight" ? POLICY_GAIN : name === "value.weight" ? 1 : Math.SQRT2;
    const weight = layout.view(vector, name);
    for (let i = 0; i < weight.length; i++) weight[i] = (gain / Math.sqrt(fanIn)) * random.normal();
  }
}
