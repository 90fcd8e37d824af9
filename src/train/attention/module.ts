import { apply } from "../../graph/apply.js";
import { conv, div, maximum, mul, relu, reshape, softmax, sqrt, square, sum, tanh } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";

/** Weights and biases of a layer. */
export interface Layer {
  readonly weight: Value;
  readonly bias: Value;
}

/**
 * Attention by a map over places that a convolution's features are multiplied by (FLS: Nikulin et al. 2019, Fig. 1f): a
 * convolution to `filters` with ReLU, one to 1, SoftPlus.
 */
interface MultipliedAttention {
  readonly kind: "fls";
  /** Numbers of the convolutions behind which there is one, from 1 on. */
  readonly after: readonly number[];
  readonly filters: number;
  /** Of both convolutions; they keep the map's size. */
  readonly kernel: number;
  /** SoftPlus to the base 2, which is 1 at 0 (§4.2). */
  readonly base2?: boolean;
  /** Divided by its sum over places. */
  readonly normalised?: boolean;
}

/**
 * DAQN, their non-recurrent version of Sorokin et al. (2015): a hidden layer of `filters` with tanh at each place, a
 * softmax over places, and the features' sum with these weights.
 */
interface SummedAttention {
  readonly kind: "daqn";
  readonly filters: number;
}

/**
 * The region-sensitive module of Yang et al. (2018): features of length 1, a hidden layer of `filters` with ELU at each
 * place, two softmaxes over places, whose sum the features are multiplied by.
 */
interface RegionAttention {
  readonly kind: "region";
  readonly filters: number;
}

export type Attention = MultipliedAttention | SummedAttention | RegionAttention;

/** Shapes of a module's two layers on `channels` features, by name. */
export function attentionShapes(attention: Attention, channels: number): Record<"hidden" | "places", Shape> {
  const kernel = attention.kind === "fls" ? attention.kernel : 1;
  const maps = attention.kind === "region" ? 2 : 1;
  const { filters } = attention;
  return { hidden: [filters, channels, kernel, kernel], places: [maps, filters, kernel, kernel] };
}

/** Features after attention, [B, C, h, w] or [B, C], and the map over places, [B, 1, h, w]. */
export interface Attended {
  readonly features: Value;
  readonly map: Value;
}

/** The module on features [B, C, h, w]. */
export function attend(features: Value, attention: Attention, hidden: Layer, places: Layer): Attended {
  if (attention.kind === "region") return regions(features, hidden, places);
  if (attention.kind === "daqn") {
    const map = overPlaces(same(tanh(same(features, hidden)), places));
    return { features: sum(mul(features, map), [2, 3]), map };
  }
  const x = same(relu(same(features, hidden)), places);
  // log₂(1 + 2ˣ) is SoftPlus(x · ln 2) / ln 2.
  const positive = attention.base2 ? div(softplus(mul(x, Math.LN2)), Math.LN2) : softplus(x);
  const map = attention.normalised ? div(positive, sum(positive, [2, 3], true)) : positive;
  return { features: mul(features, map), map };
}

/** Features of length 0 count as they are. */
const SHORTEST = 1e-12;

function regions(features: Value, hidden: Layer, places: Layer): Attended {
  const length = sqrt(maximum(sum(square(features), [1], true), SHORTEST));
  const unit = div(features, length);
  const both = overPlaces(same(apply("Elu", [same(unit, hidden)]), places));
  const map = sum(both, [1], true);
  return { features: mul(features, map), map };
}

const softplus = (x: Value): Value => apply("Softplus", [x]);

/** A convolution that keeps the map's size. */
function same(x: Value, { weight, bias }: Layer): Value {
  const pad = (weight.shape[2]! - 1) / 2;
  return conv(x, weight, { pads: [pad, pad, pad, pad] }, bias);
}

/** A softmax over the places of each map. */
function overPlaces(x: Value): Value {
  const [batch, maps, height, width] = x.shape as [number, number, number, number];
  return reshape(softmax(reshape(x, [batch, maps, height * width])), [batch, maps, height, width]);
}
