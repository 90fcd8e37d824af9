import { apply } from "../../graph/apply.js";
import { abs, mul, reshape, square, sub, sum } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { collapse, type Relevance, rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import { propagate } from "../pass/propagate.js";
import { gradient } from "../rules/operator/gradient.js";
import { method } from "./method-spec.js";

/**
 * |∂/∂x ½ τ_j²| of every element for each torque. Of actions |∂/∂x ½ Σ_a π(a)²| = |Σ_a π(a) ∂π(a)/∂x|, whichever action is
 * explained (Xing et al., Eq. 2): the rows of the outputs' own gradients, weighted by the gradient of that sum.
 */
export const vanillaGradient = method({
  name: "vanilla-gradient",
  title: "size of the gradient of half the squared outputs; of actions of half the squared probabilities",
  cite: "Simonyan et al., Deep Inside Convolutional Networks, ICLR 2014 workshops; Xing et al., 2022 (DIGR), Eq. 2",
  conserves: false,
  linear: false,
  contrasts: false,
  make: () => (network) => {
    // Sizes of elements are added over channels, so they are needed one by one.
    const each = propagate(network.at("full"), { seed: "sign", rows: [], operators: gradient, linear: false });
    const weights = slopes(network);
    const inputs = Array.from(each.inputs, ([value, relevance]): [Value, Relevance] => {
      if (network.subject.distribution)
        return [value, { amount: abs(collapse(relevance, weights).amount), perTorque: false }];
      const { amount } = relevance;
      const rows = reshape(weights, [rowsOf(amount), ...amount.shape.slice(1).map(() => 1)]);
      return [value, { amount: abs(mul(amount, rows)), perTorque: true }];
    });
    return { ...each, inputs: new Map(inputs), pixels: new Map(), joined: new Map() };
  },
});

/** ∂/∂y ½ Σ y² in the torque's own direction; of logits z, where y are probabilities: π_b (π_b − Σ_a π_a²). [J] */
function slopes({ commanded, signs, subject, torques }: Network): Value {
  const y = reshape(commanded, [torques]);
  const p = apply("Softmax", [y], { axis: 0 });
  const slope = subject.distribution === "logits" ? mul(p, sub(p, sum(square(p)))) : y;
  return mul(slope, reshape(signs, [torques]));
}
