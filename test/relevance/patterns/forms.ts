import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { weights } from "../subjects.js";

/** Patterns as exporters write them out; what `Change` names is made wrong. */

export type Change = "axis" | "epsilon" | "exponent" | "other" | "half" | "root" | "none";

const last = b.int64([-1]);
const power = (x: Value, p: number) => apply("Pow", [x, b.scalar(p)]);
const mean = (x: Value, axes = last) => apply("ReduceMean", [x, axes], { keepdims: 1 });
const when = <T>(change: Change, is: Change, then: T, otherwise: T): T => (change === is ? then : otherwise);

/** (x − mean) / √(mean((x − mean)²) + ε) · γ + β over the last axis. */
export function layerNorm(
  x: Value,
  change: Change = "none",
  form: "pow" | "mul" | "rsqrt" | "power" | "twice" = "pow",
): Value {
  const d = b.sub(x, mean(x, when(change, "axis", b.int64([1]), last)));
  const inner = form === "twice" ? b.sub(x, mean(x)) : d;
  const square = form === "mul" ? b.mul(inner, inner) : power(inner, when(change, "exponent", 4, 2));
  const spread = mean(when(change, "other", power(x, 2), square));
  const under = b.add(spread, when(change, "epsilon", b.scalar(1), b.scalar(1e-5)));
  const root = b.sqrt(under);
  const n =
    form === "rsqrt"
      ? b.mul(d, apply("Reciprocal", [root]))
      : form === "power"
        ? b.mul(power(under, -0.5), d)
        : b.div(d, when(change, "root", under, root));
  const size = x.shape.at(-1)!;
  return b.add(b.mul(n, weights([size], 21)), weights([size], 22));
}

/** (x − mean) · (γ/√(max(0, mean(x²) − mean²) + ε)) + β: Flax. */
export function fastNorm(x: Value, change: Change = "none"): Value {
  const average = mean(x);
  const squares = mean(power(x, when(change, "exponent", 3, 2)));
  const lessened = b.sub(squares, b.mul(average, when(change, "other", mean(b.mul(x, 2)), average)));
  const variance = apply("Max", [b.scalar(0), lessened]);
  const inverse = apply("Reciprocal", [b.sqrt(b.add(variance, 1e-5))]);
  const size = x.shape.at(-1)!;
  return b.add(b.mul(b.sub(x, average), b.mul(inverse, weights([size], 21))), weights([size], 22));
}

/** x·k + (β − mean·k), k = γ/√(variance + ε): Keras. */
export function spreadNorm(x: Value, change: Change = "none"): Value {
  const average = mean(x);
  const d = b.sub(x, average);
  const variance = mean(b.mul(d, d));
  const inverse = apply("Reciprocal", [b.sqrt(b.add(variance, 1e-3))]);
  const size = x.shape.at(-1)!;
  const k = b.mul(inverse, weights([size], 21));
  const again = when(change, "other", b.mul(inverse, weights([size], 23)), k);
  return b.add(b.mul(x, k), b.sub(weights([size], 22), b.mul(average, again)));
}

/** x / √(mean(x²) + ε) · γ. */
export function rmsNorm(x: Value, change: Change = "none"): Value {
  const under = b.add(mean(power(x, when(change, "exponent", 3, 2))), 1e-6);
  const y = when(change, "other", b.add(x, 1), x);
  return b.mul(weights([x.shape.at(-1)!], 21), b.mul(y, apply("Reciprocal", [b.sqrt(under)])));
}

/** x / max(‖x‖, ε). */
export function l2Norm(x: Value, change: Change = "none"): Value {
  const length = apply("ReduceL2", [x, last], { keepdims: 1 });
  const clipped = apply("Clip", [length, b.scalar(when(change, "epsilon", 2, 1e-12))]);
  return b.div(when(change, "other", b.neg(x), x), b.expand(clipped, x.shape));
}

/** PyTorch's GroupNorm on [1, C, …]. */
export function groupNorm(x: Value, groups: number, change: Change = "none"): Value {
  const cells = b.reshape(x, [1, groups, -1]);
  const gain = when(
    change,
    "other",
    weights([groups], 25),
    b.tensor("float32", [groups], new Float32Array(groups).fill(1)),
  );
  const flat = apply("InstanceNormalization", [cells, gain, b.zeros([groups])], { epsilon: 1e-5 });
  const channels = [x.shape[1]!, ...x.shape.slice(2).map(() => 1)];
  return b.add(b.mul(b.reshape(flat, x.shape), weights(channels, 21)), weights(channels, 22));
}

/** x·½·(1 + erf(x/√2)). */
export function gelu(x: Value, change: Change = "none"): Value {
  const inner = apply("Erf", [b.div(x, when(change, "root", 2, Math.SQRT2))]);
  const y = when(change, "other", b.add(x, 1), x);
  return b.mul(b.mul(y, b.add(inner, 1)), when(change, "half", 0.25, 0.5));
}

/** ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
export function tanhGelu(x: Value, change: Change = "none"): Value {
  const cube = power(x, when(change, "exponent", 2, 3));
  const inner = b.mul(b.add(x, b.mul(cube, 0.044715)), when(change, "root", 0.7, Math.sqrt(2 / Math.PI)));
  return b.mul(b.mul(x, when(change, "half", 1, 0.5)), b.add(b.tanh(inner), 1));
}

export const silu = (x: Value, change: Change = "none"): Value =>
  b.mul(x, b.sigmoid(when(change, "other", b.add(x, 1), x)));

export const mish = (x: Value, change: Change = "none"): Value =>
  b.mul(when(change, "other", b.add(x, 1), x), b.tanh(apply("Softplus", [x])));

export const hardSwish = (x: Value, change: Change = "none"): Value => {
  const clipped = apply("Clip", [b.add(x, when(change, "half", 2, 3)), b.scalar(0), b.scalar(6)]);
  return b.div(b.mul(x, clipped), when(change, "root", 5, 6));
};

export const softplus = (x: Value, change: Change = "none"): Value =>
  b.log(b.add(b.exp(x), when(change, "other", 2, 1)));

export const softsign = (x: Value, change: Change = "none"): Value =>
  b.div(x, b.add(b.abs(when(change, "other", b.add(x, 1), x)), 1));
