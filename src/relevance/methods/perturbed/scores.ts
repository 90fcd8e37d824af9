import { apply } from "../../../graph/apply.js";
import {
  abs,
  add,
  div,
  exp,
  expand,
  greater,
  log,
  maximum,
  mul,
  reshape,
  square,
  sub,
  sum,
  tensor,
  where,
} from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Network } from "../../contract/facts.js";

/** What the network puts out: outputs [1, J] before, [rows, J] for changed observations, and signs [1, J]. */
export interface Compared {
  readonly before: Value;
  readonly after: Value;
  readonly signs: Value;
}

/** How much each output is changed, [rows, J]. */
export type Score = (compared: Compared) => Value;

/** Least probability whose logarithm is taken. */
const LEAST = 1e-30;

/** The logarithms of probabilities, of outputs [rows, J] that are a distribution. */
const logarithms = (outputs: Value, of: "logits" | "probabilities"): Value =>
  of === "logits" ? apply("LogSoftmax", [outputs], { axis: -1 }) : log(maximum(outputs, LEAST));

/** The explained outputs, or probabilities where they are a distribution, and their signs. */
const explained = ({ before, after, signs }: Compared, { subject: { distribution } }: Network): Compared => {
  if (!distribution) return { before, after, signs };
  const [p, changed] = [before, after].map((y) =>
    distribution === "logits" ? apply("Softmax", [y], { axis: -1 }) : y,
  );
  return { before: p!, after: changed!, signs: tensor("float32", [1, 1], [1]) };
};

/** |Δ| of each output, of its probability where outputs are a distribution. */
export const change =
  (network: Network): Score =>
  (compared) => {
    const { before, after } = explained(compared, network);
    return abs(sub(before, after));
  };

/** Fall of |τ| in the torque's own direction, or of an action's probability. */
export const fall =
  (network: Network): Score =>
  (compared) => {
    const { before, after, signs } = explained(compared, network);
    return mul(signs, sub(before, after));
  };

/** The outputs that are left, in the torque's own direction, or an action's probability. */
export const left =
  (network: Network): Score =>
  (compared) => {
    const { after, signs } = explained(compared, network);
    return mul(signs, after);
  };

/** ½ Δ² of each output (Greydanus et al., Eq. 2: their sum over outputs). */
export const halfSquare: Score = ({ before, after }) => mul(square(sub(before, after)), 0.5);

export const absolute: Score = ({ before, after }) => abs(sub(before, after));

/** A score's sum over all actions, for each of them: it asks about the choice as a whole, whichever is explained. */
export const overActions =
  (score: Score): Score =>
  (compared) => {
    const each = score(compared);
    return expand(sum(each, [1], true), each.shape);
  };

/** π_a (log π_a − log π'_a) of each action: their sum is KL(π ‖ π') (Xing et al., Eq. 3). */
export const divergence =
  (distribution: "logits" | "probabilities"): Score =>
  ({ before, after }) => {
    const logs = logarithms(before, distribution);
    return mul(exp(logs), sub(logs, logarithms(after, distribution)));
  };

/**
 * SARFA of each action â (Puri et al., Eq. 4): the harmonic mean of Δp, the fall of â's probability, and
 * K = 1 / (1 + KL(r ‖ r')), r the distribution over the other actions; 0 where the probability does not fall.
 */
export const sarfa =
  (distribution: "logits" | "probabilities", actions: number): Score =>
  ({ before, after }) => {
    const [logs, changed] = [before, after].map((y) => logarithms(y, distribution));
    const fallen = sub(exp(logs!), exp(changed!));
    const others = (x: Value) => {
      const rows = reshape(x, [x.shape[0]!, 1, actions]);
      return apply("LogSoftmax", [add(rows, withoutOne(actions))], { axis: -1 });
    };
    const rest = others(logs!);
    const k = div(1, add(sum(mul(exp(rest), sub(rest, others(changed!))), [2]), 1));
    return where(greater(fallen, 0), div(mul(mul(fallen, k), 2), add(fallen, k)), 0);
  };

/** [1, J, J], far below zero where the action is the one that is left out. */
const withoutOne = (actions: number): Value =>
  tensor(
    "float32",
    [1, actions, actions],
    Float32Array.from({ length: actions * actions }, (_, i) => (i % (actions + 1) === 0 ? -1e9 : 0)),
  );
