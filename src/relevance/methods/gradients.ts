import { gradients } from "../../backward/gradients.js";
import { add, greater, mul, neg, relu, where } from "../../graph/build.js";
import { isArithmetic } from "../../graph/kinds.js";
import type { Value } from "../../graph/value.js";
import type { LayerRule, Row } from "../contract/rules.js";
import { gradient, gradientTable, type Override, timesInput } from "../rules/operator/gradient.js";
import { choice, flag, ruled } from "./method-spec.js";

/** Plain and rectified gradients. The seed is sign(τ_j): relevance above zero speaks for the commanded torque. */

/** A ReLU's input gradient for the gradient that arrives at its output. */
const atRelu =
  (rule: string, through: (g: Value, y: Value) => Value): Override =>
  (node, arriving, { analysis }) => {
    const pattern = analysis.pattern(node);
    const low = node.op === "Clip" ? node.inputs[1]?.literal?.scalar() : 0;
    if (low !== 0) return undefined;
    const g = arriving.find((value) => value !== undefined)!;
    return { rule, to: [[pattern?.source ?? node.inputs[0]!, through(g, node.outputs[0]!)]] };
  };

/** The slope of an activation made of pieces, as relu(x) + α·min(x, 0) or x·relu6(x + 3)/6: the ReLU inside is not one of the policy's. */
const asOne: Override = (node, arriving, { analysis }) => {
  const pattern = analysis.pattern(node);
  if (!pattern || !isArithmetic(node.op)) return undefined;
  const g = arriving.find((value) => value !== undefined)!;
  return { rule: "gradient", to: [[pattern.source, mul(g, gradients(node.outputs[0]!, [pattern.source])[0]!)]] };
};

/** `Clip` of other limits that is written with Max and Min keeps its gradient, as the operator does. */
const rectifying = (override: Override) =>
  gradientTable({
    Relu: override,
    Clip: (node, ...rest) => (node.op === "Clip" ? override(node, ...rest) : undefined),
    "Clip from 0": override,
    LeakyRelu: asOne,
    Elu: asOne,
    Softplus: asOne,
    HardSwish: asOne,
  });

const guided = rectifying(atRelu("guided", (g, y) => where(greater(y, 0), relu(g), 0)));
const rectified = rectifying(atRelu("rectified", relu));

/** Σ_j max(w_ij g_j, 0): each edge gated by its own gradient (Kim & Choi §II-D). */
const edgeGated: LayerRule = (layer, amount) => {
  const { weight } = layer;
  const positive = layer.adjoints(relu(amount), [relu(weight)])[0]!;
  const negative = layer.adjoints(relu(neg(amount)), [relu(neg(weight))])[0]!;
  return add(positive, negative);
};
const EDGES: readonly Row[] = [{ name: "edge-gated", rule: edgeGated, when: () => true }];

const gradientOnly = ruled({
  name: "gradient",
  title: "the gradient of |τ|, not multiplied by the input",
  cite: "Simonyan et al., Deep Inside Convolutional Networks, ICLR 2014 workshops",
  conserves: false,
  linear: true,
  contrasts: true,
  rules: () => ({ seed: "sign", rows: [], operators: gradient }),
});

const gradientTimesInput = ruled({
  name: "gradient-x-input",
  title: "the gradient of |τ| times the input, measured from its reference",
  cite: "Shrikumar et al., Not Just a Black Box, 2016 (arXiv 1605.01713)",
  conserves: false,
  linear: true,
  contrasts: true,
  rules: () => ({ seed: "sign", rows: [], operators: gradient, relevanceOf: timesInput }),
});

const raw = flag("not multiplied by the input");

const guidedBackprop = ruled({
  name: "guided-backprop",
  title: "gradients that are positive wherever they meet a ReLU, times the input",
  cite: "Springenberg et al., Striving for Simplicity, ICLR 2015 workshops; Kim & Choi, IROS 2021",
  conserves: false,
  linear: false,
  contrasts: false,
  options: {
    gate: choice(
      ["relu", "edge"],
      "what must be positive: the gradient at each ReLU, or the gradient along each edge of a layer (Kim & Choi)",
    ),
    raw,
  },
  rules: ({ gate, raw }) => ({
    seed: "sign",
    rows: gate === "edge" ? EDGES : [],
    operators: gate === "edge" ? gradient : guided,
    ...(gate === "relu" && { acts: "guided" }),
    ...(!raw && { relevanceOf: timesInput }),
  }),
});

const deconvnet = ruled({
  name: "deconvnet",
  title: "gradients rectified at each ReLU regardless of its input, times the input",
  cite: "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
  conserves: false,
  linear: false,
  contrasts: false,
  options: { raw },
  rules: ({ raw }) => ({
    seed: "sign",
    rows: [],
    operators: rectified,
    acts: "rectified",
    ...(!raw && { relevanceOf: timesInput }),
  }),
});

export const GRADIENT_METHODS = [gradientOnly, gradientTimesInput, guidedBackprop, deconvnet] as const;
