import type { Row, Rules } from "../contract/rules.js";
import { alphaBetaRule, epsilonRule, gammaRule, type Stabilised, zPlusRule } from "../rules/layer/signed-rules.js";
import { signed } from "../rules/operator/signed.js";
import { type SoftArgmaxRule, withSoftArgmax } from "../rules/operator/soft-argmax.js";
import { choice, type MethodEntry, MOST_WEIGHT, number, ruled } from "./method-spec.js";
import {
  always,
  bias,
  epsilon,
  FIRST_ABOUT,
  firstRows,
  isConvolution,
  losses,
  STABILISER,
  softArgmax,
} from "./shared.js";

/**
 * Layer-wise relevance propagation with signed relevance: one rule in convolutions, ε in all other layers, as in
 * Zennit's composites. The seed of each torque is |τ|, so relevance is sign(τ) times that of a seed of τ.
 */

interface Options {
  readonly epsilon: number;
  readonly bias: Stabilised["bias"];
  readonly first: "same" | "zbox" | "wsquare" | "flat" | "eq2";
  readonly "soft-argmax": SoftArgmaxRule;
}

const OPTIONS = {
  epsilon,
  bias,
  first: choice(["same", "zbox", "wsquare", "flat", "eq2"], `${FIRST_ABOUT}; same: as other convolutions`),
  "soft-argmax": softArgmax,
};

function composite(options: Options, convolutions?: Pick<Row, "name" | "rule" | "loses">): Omit<Rules, "linear"> {
  const loses = losses(options.bias);
  const rows: Row[] = [...firstRows(options.first)];
  if (convolutions) rows.push({ loses, ...convolutions, when: isConvolution });
  rows.push({ name: "epsilon", loses, rule: epsilonRule(options), when: always });
  return {
    seed: "size",
    rows,
    operators: withSoftArgmax(options["soft-argmax"], signed(stabiliser(options)), STABILISER),
    tellsConstants: true,
  };
}

const stabiliser = ({ bias: how }: Options): Stabilised => ({ epsilon: STABILISER, bias: how });
const gamma = number(0.25, "γ: contributions of the output's sign count 1 + γ times", {
  above: 0,
  most: MOST_WEIGHT,
});

const SIGNED = { conserves: false, linear: true, contrasts: true } as const;
const BACH = "Bach et al., PLoS ONE 10(7), 2015";
const GAMMA = "Montavon et al., Layer-Wise Relevance Propagation: An Overview, 2019; Andéol et al., 2021";

export const LRP: readonly MethodEntry[] = [
  ruled({
    name: "lrp-epsilon",
    title: "LRP: ε in every layer",
    cite: BACH,
    ...SIGNED,
    options: OPTIONS,
    rules: (options) => composite(options),
  }),
  ruled({
    name: "lrp-gamma",
    title: "LRP: γ in convolutions, ε in dense layers; inputs and outputs of either sign",
    cite: GAMMA,
    ...SIGNED,
    options: { gamma, ...OPTIONS },
    rules: (options) => composite(options, { name: "gamma", rule: gammaRule(options.gamma, stabiliser(options)) }),
  }),
  ruled({
    name: "lrp-alpha-beta",
    title: "LRP: αβ with β = α − 1 in convolutions, ε in dense layers (Zennit's EpsilonAlpha2Beta1)",
    cite: BACH,
    ...SIGNED,
    options: {
      alpha: number(2, "α: weight of what speaks for an output; what speaks against it weighs α − 1", {
        least: 1,
        most: MOST_WEIGHT,
      }),
      ...OPTIONS,
    },
    rules: (options) =>
      composite(options, {
        name: "alpha-beta",
        rule: alphaBetaRule(options.alpha, stabiliser(options)),
        loses: `${losses(options.bias)}; a pool may be empty`,
      }),
  }),
  ruled({
    name: "epsilon-plus",
    title: "z+ in convolutions, ε in dense layers (Zennit's EpsilonPlus)",
    cite: `${BACH}; Montavon et al., Pattern Recognition 65, 2017`,
    ...SIGNED,
    options: OPTIONS,
    rules: (options) => composite(options, { name: "zplus", rule: zPlusRule(stabiliser(options)) }),
  }),
  ruled({
    name: "epsilon-gamma-box",
    title: "zB at the image, γ in convolutions, ε in dense layers (Zennit's EpsilonGammaBox)",
    cite: GAMMA,
    ...SIGNED,
    options: { gamma, epsilon, bias, "soft-argmax": softArgmax },
    rules: (options) =>
      composite(
        { ...options, first: "zbox" },
        { name: "gamma", rule: gammaRule(options.gamma, stabiliser({ ...options, first: "zbox" })) },
      ),
  }),
];
