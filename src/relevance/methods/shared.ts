import type { Context } from "../contract/facts.js";
import type { LinearLayer } from "../contract/linear-layer.js";
import type { Row } from "../contract/rules.js";
import { eq2, flat, wSquare, zBox } from "../rules/layer/linear-rules.js";
import { lossOfGaps, lossOfZPlus } from "../rules/layer/silent-inputs.js";
import { choice, MOST_WEIGHT, number } from "./method-spec.js";

/** Conditions of rows in layer tables, and options of several methods. */

export const always = (): boolean => true;
/** True for the torques' own layers. */
export const isOutput = (layer: LinearLayer, context: Context): boolean => context.analysis.isOutputSide(layer.node);
/** True for the first layers of an image, whose input has a range. */
export const isFirst = (layer: LinearLayer, context: Context): boolean => context.bounds(layer.input) !== undefined;
export const isConvolution = ({ kind }: LinearLayer): boolean =>
  kind === "convolution" || kind === "transposed convolution";

const FIRST = { zbox: zBox, wsquare: wSquare, flat, eq2 };

/** The row of an image's first layers. */
export const firstRow = (rule: keyof typeof FIRST): Row => ({
  name: rule,
  rule: FIRST[rule],
  when: isFirst,
  losesAt: rule === "eq2" ? lossOfZPlus : lossOfGaps,
  ...(rule !== "zbox" && { givesToZeros: true }),
});

/** The row of an image's first layers, or none where these follow the rules of other layers. */
export const firstRows = (rule: keyof typeof FIRST | "same"): readonly Row[] =>
  rule === "same" ? [] : [firstRow(rule)];

/** The row of all other layers, by z⁺. */
export const hiddenRow: Row = { name: "eq2", rule: eq2, when: always, losesAt: lossOfZPlus, givesToZeros: true };

export const FIRST_ABOUT =
  "rule of the first layers of an image, whose values are bounded; inputs that are no image take the hidden rule";

export const softArgmax = choice(
  ["mass", "winner", "gradient"],
  "how a feature point's relevance goes to its map: by probability, all to the largest cell, or gradient × input, which does not conserve",
);
export const softArgmaxPositive = choice(
  ["mass", "winner"],
  "how a feature point's relevance goes to its map: by probability, or all to the largest cell",
);

/** Zennit's default stabiliser. */
export const STABILISER = 1e-6;

export const epsilon = number(STABILISER, "stabiliser of the ε rule, in the units of the layer's output", {
  above: 0,
  most: MOST_WEIGHT,
});

export const bias = choice(
  ["absorb", "ignore"],
  "absorb: biases stay in the denominators and take their part, as in Zennit; ignore: relevance is kept in full",
);

/** The reason why rules with a stabilised denominator do not conserve. */
export const losses = (how: "absorb" | "ignore"): string =>
  how === "absorb" ? "bias and ε take their part" : "ε takes its part";
