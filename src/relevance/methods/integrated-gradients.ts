import { apply } from "../../graph/apply.js";
import { add, cast, constant, expand, full, input, mean, mul, sub, tensor } from "../../graph/build.js";
import { sumOverSteps } from "../../graph/loop.js";
import { substitute } from "../../graph/substitute.js";
import type { Value } from "../../graph/value.js";
import { gradient, isEmbedding, ofTokens } from "../gradient-rules.js";
import { choice, method, number } from "../method-spec.js";
import type { Network } from "../network.js";
import { propagate } from "../propagate.js";
import { QUADRATURES } from "../quadrature.js";
import { rewrite } from "../rewrite.js";
import type { SubjectImage } from "../subject.js";

const BASELINES = ["reference", "zero", "black", "white", "mean"] as const;
type Baseline = (typeof BASELINES)[number];

/**
 * Integrated gradients: (x − b) ⊙ ∫₀¹ ∇|τ|(b + t (x − b)) dt, the integral by a quadrature in one loop. The sign is the
 * torque's at x, and adds up to Σα sign(τ) (τ(x) − τ(b)).
 */
export const integratedGradients = method({
  name: "integrated-gradients",
  title: "gradients averaged on the way from a baseline to the observation, times the difference",
  cite: "Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017",
  conserves: false,
  linear: true,
  options: {
    steps: number(50, "points on the way", { above: 0, whole: true }),
    baseline: choice(
      BASELINES,
      "where the way begins: the card's reference (images zero), zero, or with the image black, white or of its mean colour",
    ),
    quadrature: choice(["midpoint", "gauss-legendre", "trapezoid", "left", "right"], "the points and their weights"),
  },
  make:
    ({ steps, baseline, quadrature }) =>
    (network) => {
      const path = pathsOf(network, baseline);
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
        const replaced = new Map([...(onPath as [Value, Value][]), [network.signs, network.signs]]);
        return substitute(amounts, replaced).map((amount) => mul(amount, weight!));
      });
      const known = new Map([...averaged.keys()].map((average, k) => [average, averages[k]!]));
      const integrated = rewrite(attribution, (values) => substitute(values, known));
      return { ...integrated, inputs: ofInputs(integrated.inputs) };
    },
});

type Inputs = ReturnType<typeof propagate>["inputs"];

/** What embeddings have, given to their tokens. */
function ofInputs(arrived: Inputs): Inputs {
  const given = Array.from(arrived, ([value, relevance]) =>
    value.node.op === "Input"
      ? ([value, relevance] as const)
      : ([value.node.inputs[1]!, { ...relevance, amount: ofTokens(value.node, relevance.amount) }] as const),
  );
  return new Map(given);
}

/** Where the way of a value begins, and x − b. */
interface Path {
  readonly start: Value;
  readonly difference: Value;
}

/** What walks from the baseline to the observation: the inputs, of tokens their embeddings. */
function pathsOf(network: Network, baseline: Baseline): Map<Value, Path> {
  const { analysis } = network.context;
  const paths = new Map<Value, Path>();
  for (const value of network.inputs) {
    const embeddings = (analysis.consumers.get(value) ?? []).filter((node) => isEmbedding(node, analysis));
    for (const [of, start] of embeddings.length > 0
      ? embeddings.map(({ outputs: [embedded] }) => [embedded!, full(embedded!.shape, 0)] as const)
      : [[value, startOf(value, network, baseline)] as const])
      paths.set(of, { start, difference: sub(cast(of, "float32"), start) });
  }
  return paths;
}

function startOf(value: Value, { subject, context }: Network, baseline: Baseline): Value {
  const image = subject.modalities.find(
    (m): m is SubjectImage => m.kind === "image" && subject.graph.inputs.get(m.input) === value,
  );
  const filled = (x: number) => full(value.shape, x);
  if (!image) {
    const reference = baseline === "zero" ? undefined : context.prefix.reference(value);
    return reference ? cast(constant(reference), "float32") : filled(0);
  }
  if (baseline === "black") return filled(image.range[0]);
  if (baseline === "white") return filled(image.range[1]);
  if (baseline !== "mean") return filled(0);
  const rank = value.shape.length;
  const pixels = image.layout === "NHWC" ? [rank - 3, rank - 2] : [rank - 2, rank - 1];
  return expand(mean(cast(value, "float32"), pixels, true), value.shape);
}
