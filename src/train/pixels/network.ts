import { add, matmul, mul, relu, reshape, sum } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { Random } from "../../sim/random.js";
import { type Attention, attend, attentionShapes, type Layer } from "../attention/module.js";
import { DEVIATION, FIRST_DEVIATION } from "../network/deviation.js";
import type { Parameters } from "../network/linear.js";
import { Layout } from "../network/parameters.js";
import { type Convolve, convolution, fastConvolution } from "./layers.js";
import { attended, mapsOf, type PixelSpec, readsOnePlace } from "./spec.js";

/** The two outputs of a network, and its attention. */
export interface Heads {
  /** [B, outputs]: logits of the actions, or means. */
  readonly policy: Value;
  /** [B]. */
  readonly value: Value;
  /** Maps over places [B, 1, h, w], by the number of the convolution that they are behind. */
  readonly attention: ReadonlyMap<number, Value>;
}

/** Name of an attention's layer in front of `.weight` and `.bias`. */
const attentionName = (number: number, layer: "hidden" | "places"): string => `attention${number}.${layer}`;

/** Names and shapes of all parameters. @param extra further ones of the policy's head, such as log deviations */
export function pixelLayout(spec: PixelSpec, outputs: number, extra: Readonly<Record<string, Shape>> = {}): Layout {
  const maps = mapsOf(spec);
  const convolutions: Record<string, Shape> = {};
  spec.convolutions.forEach(({ filters, kernel }, i) => {
    convolutions[`conv${i + 1}.weight`] = [filters, maps[i - 1]?.channels ?? spec.channels, kernel, kernel];
    convolutions[`conv${i + 1}.bias`] = [filters];
  });
  const attention = attended(spec).flatMap((number) => {
    const { hidden, places } = attentionShapes(spec.attention!, maps[number - 1]!.channels);
    return [
      ...layerShapes(attentionName(number, "hidden"), hidden),
      ...layerShapes(attentionName(number, "places"), places),
    ];
  });
  const { channels, height, width } = maps.at(-1)!;
  const head = {
    ...Object.fromEntries(attention),
    "hidden.weight": [readsOnePlace(spec) ? channels : channels * height * width, spec.hidden],
    "hidden.bias": [spec.hidden],
    "policy.weight": [spec.hidden, outputs],
    "policy.bias": [outputs],
    "value.weight": [spec.hidden, 1],
    "value.bias": [1],
    ...extra,
  };
  return new Layout({ readout: {}, convolutions, head });
}

const layerShapes = (name: string, weight: Shape): [string, Shape][] => [
  [`${name}.weight`, weight],
  [`${name}.bias`, [weight[0]!]],
];

/** The network on bytes [B, C, H, W], for training. */
export const pixelNetwork = (spec: PixelSpec, p: Parameters, image: Value): Heads =>
  network(spec, { ...p, "conv1.weight": mul(own(p, "conv1.weight")!, 1 / 255) }, image, fastConvolution);

/** The network on bytes [B, C, H, W] with parameters that take them as they are, in ordinary operators. */
export const plainNetwork = (spec: PixelSpec, p: Parameters, image: Value): Heads =>
  network(spec, p, image, convolution);

function network(spec: PixelSpec, p: Parameters, image: Value, convolve: Convolve): Heads {
  const layer = (name: string): Layer => ({ weight: own(p, `${name}.weight`)!, bias: own(p, `${name}.bias`)! });
  const withAttention = new Set(attended(spec));
  const attention = new Map<number, Value>();
  let features = image;
  spec.convolutions.forEach((geometry, i) => {
    const number = i + 1;
    const maps = convolve(features, layer(`conv${number}`), geometry);
    features = geometry.linear ? maps : relu(maps);
    if (!withAttention.has(number)) return;
    const [hidden, places] = [layer(attentionName(number, "hidden")), layer(attentionName(number, "places"))];
    const found = attend(features, spec.attention as Attention, hidden, places);
    features = found.features;
    attention.set(number, found.map);
  });
  if (spec.pooled) features = sum(features, [2, 3]);
  const [batch, ...rest] = features.shape as [number, ...number[]];
  const linear = (x: Value, name: string): Value => add(matmul(x, layer(name).weight), layer(name).bias);
  const hidden = relu(linear(reshape(features, [batch, rest.reduce((a, b) => a * b, 1)]), "hidden"));
  return { policy: linear(hidden, "policy"), value: reshape(linear(hidden, "value"), [batch]), attention };
}

/** Gain of the policy's output at the start: all actions are nearly equally likely. */
const POLICY_GAIN = 0.01;

/** He weights, small ones of the policy's output, zero biases. */
export function initialisePixels(layout: Layout, vector: Float32Array, random: Random): void {
  vector.fill(0);
  for (const [name, { shape }] of layout.slots) {
    if (name === DEVIATION) layout.view(vector, name).fill(FIRST_DEVIATION);
    if (!name.endsWith(".weight")) continue;
    const fanIn = shape.length === 2 ? shape[0]! : shape.slice(1).reduce((a, b) => a * b, 1);
    const gain = name === "policy.weight" ? POLICY_GAIN : name === "value.weight" ? 1 : Math.SQRT2;
    const weight = layout.view(vector, name);
    for (let i = 0; i < weight.length; i++) weight[i] = (gain / Math.sqrt(fanIn)) * random.normal();
  }
}
