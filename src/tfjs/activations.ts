import { apply } from "../graph/apply.js";
import {
  add,
  div,
  identity,
  maximum,
  minimum,
  mul,
  relu,
  scalar,
  sigmoid,
  softmax,
  sqrt,
  tanh,
} from "../graph/build.js";
import type { Value } from "../graph/value.js";
import { own } from "../own.js";

/** A function of one value. */
export type Activation = (x: Value) => Value;

const clip = (x: Value, low: number, high: number) => apply("Clip", [x, scalar(low), scalar(high)]);

/** 1 / √x */
export const reciprocalRoot: Activation = (x) => div(1, sqrt(x));

export const relu6: Activation = (x) => clip(x, 0, 6);

export const leakyRelu = (x: Value, alpha: number): Value => apply("LeakyRelu", [x], { alpha });

/** α·(eˣ − 1) below 0 */
export const elu = (x: Value, alpha = 1): Value => apply("Elu", [x], { alpha });

/** The largest of x and slope·x where the slope is a weight. */
export const prelu = (x: Value, slope: Value): Value => apply("PRelu", [x, slope]);

/** Activations by the names of Keras, those of each element. */
const ELEMENTWISE: Readonly<Record<string, Activation>> = {
  linear: identity,
  relu,
  relu6,
  elu,
  selu: (x) => apply("Selu", [x]),
  sigmoid,
  hard_sigmoid: (x) => maximum(minimum(add(mul(x, 0.2), 0.5), 1), 0),
  softplus: (x) => apply("Softplus", [x]),
  softsign: (x) => apply("Softsign", [x]),
  tanh,
  swish: (x) => mul(x, sigmoid(x)),
  silu: (x) => mul(x, sigmoid(x)),
  mish: (x) => apply("Mish", [x]),
  gelu: (x) => apply("Gelu", [x]),
};

/** Activations over the last axis. */
const OVER_CHANNELS: Readonly<Record<string, Activation>> = {
  softmax: (x) => softmax(x, -1),
  log_softmax: (x) => apply("LogSoftmax", [x], { axis: -1 }),
};

/** `hardSigmoid` → `hard_sigmoid`: files have either. */
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** An activation by its name, and whether it takes each element alone; undefined for an unknown one. */
export function activationNamed(
  name: string,
): { readonly apply: Activation; readonly isElementwise: boolean } | undefined {
  const known = snake(name);
  const alone = own(ELEMENTWISE, known);
  if (alone) return { apply: alone, isElementwise: true };
  const over = own(OVER_CHANNELS, known);
  return over && { apply: over, isElementwise: false };
}

export const ACTIVATION_NAMES: readonly string[] = [...Object.keys(ELEMENTWISE), ...Object.keys(OVER_CHANNELS)];
