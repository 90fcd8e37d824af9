import { gradients } from "../../backward/gradients.js";
import { apply } from "../../graph/apply.js";
import {
  abs,
  add,
  div,
  log,
  maximum,
  mean,
  mul,
  reduceMax,
  reshape,
  safeDivide,
  square,
  sub,
  sum,
} from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Yardstick } from "./recipe.js";

/** The losses of Xing et al. 2022, "Policy Distillation with Selective Input Gradient Regularization". */

/** What a policy's outputs are: numbers such as torques, or logits or probabilities of actions, [states, n] each. */
export type OutputKind = "numbers" | "logits" | "probabilities";

/** π(a|s) of every action a; of torques and other numbers their parts of the limits. [states, n] */
export function answersOf(kind: OutputKind, outputs: Value, limits?: Value): Value {
  if (kind === "logits") return apply("Softmax", [outputs], { axis: -1 });
  return kind === "numbers" && limits ? div(outputs, limits) : outputs;
}

/** Probabilities below it count as it is. */
const LEAST = 1e-12;

/**
 * The distance of a student from its teacher, the mean over states: the Kullback-Leibler divergence D(π_t ‖ π_θ) (Eq. 5),
 * nats; of numbers the mean squared error of their parts of the limits.
 * @param teacher answers (`answersOf`), [states, n]
 */
export function distance(kind: OutputKind, outputs: Value, teacher: Value, limits?: Value): Value {
  if (kind === "numbers") return mean(square(sub(answersOf(kind, outputs, limits), teacher)));
  const logs = kind === "logits" ? apply("LogSoftmax", [outputs], { axis: -1 }) : log(maximum(outputs, LEAST));
  return mean(sum(mul(teacher, sub(log(maximum(teacher, LEAST)), logs)), [1]));
}

/** Σ_a π(a|s) ∂π(a|s)/∂s for each image, of every state for itself: Eq. 2 before its absolute value. */
export const inputGradients = (answers: Value, images: readonly Value[]): Value[] =>
  gradients(answers, images, answers);

/**
 * The selective input gradient regularisation, Eq. 4, the mean over states: of a state the gradients' magnitudes where the
 * mask is 1, as a part of all by the yardstick.
 * @param slopes one an image, [states · d, …] @param masks broadcast to them
 */
export function regulariser(
  slopes: readonly Value[],
  masks: readonly Value[],
  yardstick: Yardstick,
  states = 1,
): Value {
  const rows = (x: Value): Value => reshape(x, [states, sizeOf(x.shape) / states]);
  const total = (values: readonly Value[]): Value => values.map((x) => sum(rows(x), [1])).reduce((a, b) => add(a, b));
  const sizes = slopes.map(abs);
  const penalised = total(sizes.map((size, i) => mul(size, masks[i]!)));
  if (yardstick === "sum") return mean(safeDivide(penalised, total(sizes)));
  const peak = sizes.map((size) => reduceMax(rows(size), [1])).reduce(maximum);
  const elements = slopes.reduce((count, { shape }) => count + sizeOf(shape) / states, 0);
  return mul(mean(safeDivide(penalised, peak)), 1 / elements);
}
