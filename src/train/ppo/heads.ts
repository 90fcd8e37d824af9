import { apply } from "../../graph/apply.js";
import { add, div, exp, mean, mul, neg, square, sub, sum } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Random } from "../../sim/random.js";
import { DEVIATION } from "../network/deviation.js";
import type { Parameters } from "../network/linear.js";

/** Log probabilities [B] of the actions taken, and the mean entropy of what they were drawn from. */
interface Likelihood {
  readonly logProbability: Value;
  readonly entropy: Value;
}

/** How a policy's outputs become actions. */
export interface Head {
  /** Outputs of the policy network. */
  readonly outputs: number;
  /** Elements of an action as the training keeps it. */
  readonly width: number;
  /** Parameters beside the network's. */
  readonly extra: Readonly<Record<string, Shape>>;
  /** @param actions [B, width] */
  likelihood(outputs: Value, actions: Value, p: Parameters): Likelihood;
  /**
   * Draws an action from the outputs at `at`, writes it to `action` at `to`, and returns its log probability.
   * @param extra values of the extra parameters, in their order
   */
  draw(
    outputs: Float32Array,
    at: number,
    extra: Float32Array,
    random: Random,
    action: Float32Array,
    to: number,
  ): number;
}

const LOG_2PI = Math.log(2 * Math.PI);

/** Actions of a list, by their logits; an action is kept as its number's one-hot row. */
export const categorical = (actions: number): Head => ({
  outputs: actions,
  width: actions,
  extra: {},

  likelihood(logits, taken) {
    const log = apply("LogSoftmax", [logits], { axis: 1 });
    return { logProbability: sum(mul(log, taken), [1]), entropy: neg(mean(sum(mul(exp(log), log), [1]))) };
  },

  draw(logits, at, _, random, action, to) {
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < actions; i++) most = Math.max(most, logits[at + i]!);
    let total = 0;
    for (let i = 0; i < actions; i++) total += Math.exp(logits[at + i]! - most);
    let left = random.uniform() * total;
    let chosen = 0;
    while (chosen < actions - 1) {
      left -= Math.exp(logits[at + chosen]! - most);
      if (left < 0) break;
      chosen++;
    }
    action.fill(0, to, to + actions);
    action[to + chosen] = 1;
    return logits[at + chosen]! - most - Math.log(total);
  },
});

/**
 * Real numbers, each from a normal distribution whose log deviation is a parameter that no observation changes. They are
 * parts of the way from the middle of a command's range to its bounds.
 */
export const gaussian = (size: number): Head => ({
  outputs: size,
  width: size,
  extra: { [DEVIATION]: [size] },

  likelihood(centre, taken, p) {
    const deviation = p[DEVIATION]!;
    const logs = sum(deviation);
    const distance = sum(square(div(sub(taken, centre), exp(deviation))), [1]);
    const logProbability = sub(mul(distance, -0.5), add(logs, 0.5 * size * LOG_2PI));
    return { logProbability, entropy: add(logs, 0.5 * size * (1 + LOG_2PI)) };
  },

  draw(centre, at, deviation, random, action, to) {
    let log = 0;
    for (let i = 0; i < size; i++) {
      const noise = random.normal();
      action[to + i] = centre[at + i]! + Math.exp(deviation[i]!) * noise;
      log -= 0.5 * noise * noise + deviation[i]! + 0.5 * LOG_2PI;
    }
    return log;
  },
});
