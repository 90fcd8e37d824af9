import { apply } from "../../graph/apply.js";
import { add, cast, input, mul, sub, tensor } from "../../graph/build.js";
import { sumOverSteps } from "../../graph/loop.js";
import { substitute } from "../../graph/substitute.js";
import type { Value } from "../../graph/value.js";
import { propagate } from "../pass/propagate.js";
import { rewrite } from "../pass/rewrite.js";
import { gradient } from "../rules/operator/gradient.js";
import { baseline, ofInputs, pathsOf } from "./baseline.js";
import { choice, method, number } from "./method-spec.js";
import { QUADRATURES } from "./quadrature.js";

/** Most points on the path from the baseline to the observation. */
const MOST_POINTS = 2000;

/**
 * Integrated gradients: (x − b) ⊙ ∫₀¹ ∇|τ|(b + t (x − b)) dt, the integral by a quadrature in one loop. The sign is the
 * torque's at x; relevance adds up to Σα sign(τ) (τ(x) − τ(b)).
 */
export const integratedGradients = method({
  name: "integrated-gradients",
  title: "gradients averaged on the path from a baseline to the observation, times the difference",
  cite: "Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017",
  conserves: false,
  linear: true,
  contrasts: true,
  options: {
    steps: number(50, "points on the path", { above: 0, most: MOST_POINTS, whole: true }),
    baseline,
    quadrature: choice(["midpoint", "gauss-legendre", "trapezoid", "left", "right"], "the points and their weights"),
  },
  make:
    ({ steps, baseline: from, quadrature }) =>
    (network) => {
      const path = pathsOf(network, from);
      const starts = new Map(Array.from(path, ([value, { start }]) => [value, start]));
      const atStart = (value: Value) => substitute([cast(value, "float32")], starts)[0]!;
      const averaged = new Map<Value, Value>();
      const attribution = propagate(
        network,
        {
          seed: "sign",
          rows: [],
          operators: gradient,
          linear: true,
          relevanceOf: (value, amount) => {
            const average = input("average", amount.dtype, amount.shape);
            averaged.set(average, amount);
            return mul(sub(cast(value, "float32"), atStart(value)), average);
          },
        },
        new Set(path.keys()),
      );
      const { points, weights } = QUADRATURES[quadrature](steps);
      const amounts = [...averaged.values()];
      const averages = sumOverSteps(steps, (i) => {
        const [t, weight] = [points, weights].map((list) => apply("Gather", [tensor("float32", [steps], list), i]));
        const onPath = Array.from(path, ([value, { start, difference }]) => [value, add(start, mul(difference, t!))]);
        const fixed = network.fixed.map((value): [Value, Value] => [value, value]);
        const replaced = new Map([...(onPath as [Value, Value][]), ...fixed]);
        return substitute(amounts, replaced).map((amount) => mul(amount, weight!));
      });
      const known = new Map([...averaged.keys()].map((average, k) => [average, averages[k]!]));
      const integrated = rewrite(attribution, (values) => substitute(values, known));
      return { ...integrated, inputs: ofInputs(integrated.inputs) };
    },
});
