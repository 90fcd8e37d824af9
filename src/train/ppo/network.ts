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

/** How a layer computes its convolution; its ReLU comes after it. */
type Convolve = (x: Value, weight: Value, bias: Value, stride: number) => Value;

/** The network on bytes [B, C, H, W], for training. */
export const pixelNetwork = (spec: PixelSpec, p: Parameters, image: Value): Heads =>
  network(spec, { ...p, "conv1.weight": mul(own(p, "conv1.weight")!, 1 / 255) }, image, (x, weight, bias, stride) =>
    isTiled(x, weight, stride) ? tiledConvolution(x, weight, bias) : convolution(x, weight, bias, stride),
  );

/** The network on bytes [B, C, H, W] with parameters that take them as they are, in ordinary operators. */
export const plainNetwork = (spec: PixelSpec, p: Parameters, image: Value): Heads =>
  network(spec, p, image, convolution);

function network(spec: PixelSpec, p: Parameters, image: Value, convolve: Convolve): Heads {
  let maps = image;
  spec.convolutions.forEach(({ stride }, i) => {
    maps = relu(convolve(maps, own(p, `conv${i + 1}.weight`)!, own(p, `conv${i + 1}.bias`)!, stride));
  });
  const [batch, ...map] = maps.shape as [number, ...number[]];
  const linear = (x: Value, name: string): Value => add(matmul(x, own(p, `${name}.weight`)!), own(p, `${name}.bias`)!);
  const hidden = relu(linear(reshape(maps, [batch, map.reduce((a, b) => a * b, 1)]), "hidden"));
  return { policy: linear(hidden, "policy"), value: reshape(linear(hidden, "value"), [batch]) };
}

const convolution: Convolve = (x, weight, bias, stride) =>
  conv(cast(x, "float32"), weight, { strides: [stride, stride] }, bias);

/** True where the kernel's places touch, and leave nothing out. */
function isTiled(x: Value, weight: Value, stride: number): boolean {
  const [height, width] = x.shape.slice(2) as [number, number];
  const [rows, columns] = weight.shape.slice(2);
  return rows === stride && columns === stride && height % stride === 0 && width % stride === 0;
}

/**
 * A convolution whose stride is its kernel's size, as one matrix product: bytes are moved before they become floats, and
 * each gradient is one more product. A third of the time of Conv and its gradients.
 */
function tiledConvolution(x: Value, weight: Value, bias: Value): Value {
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

/** Gain of the policy's output at the start: all actions are nearly equally likely. */
const POLICY_GAIN = 0.01;

/** Log deviation of continuous actions at the start: half of the way to a command's bounds. */
const FIRST_DEVIATION = Math.log(0.5);

/** He weights, small ones of the policy's output, zero biases. */
export function initialisePixels(layout: Layout, vector: Float32Array, random: Random): void {
  vector.fill(0);
  for (const [name, { shape }] of layout.slots) {
    if (name === "policy.deviation") layout.view(vector, name).fill(FIRST_DEVIATION);
    if (!name.endsWith(".weight")) continue;
    const fanIn = shape.length === 2 ? shape[0]! : shape.slice(1).reduce((a, b) => a * b, 1);
    const gain = name === "policy.weight" ? POLICY_GAIN : name === "value.weight" ? 1 : Math.SQRT2;
    const weight = layout.view(vector, name);
    for (let i = 0; i < weight.length; i++) weight[i] = (gain / Math.sqrt(fanIn)) * random.normal();
  }
}
