import { apply } from "../../graph/apply.js";
import { conv, div, maximum, mul, relu, reshape, softmax, sqrt, square, sum, tanh } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Layer } from "./layers.js";
import type { Attention } from "./spec.js";

/** Shapes of a module's two layers on `channels` features, by name. */
export function attentionShapes(attention: Attention, channels: number): Record<"hidden" | "places", Shape> {
  const kernel = attention.kind === "fls" ? attention.kernel : 1;
  const maps = attention.kind === "region" ? 2 : 1;
  const { filters } = attention;
  return { hidden: [filters, channels, kernel, kernel], places: [maps, filters, kernel, kernel] };
}

/** Features after attention, [B, C, h, w] or [B, C], and the map over places, [B, 1, h, w]. */
interface Attended {
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
