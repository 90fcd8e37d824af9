import * as z from "zod";
import { InputError } from "../../errors.js";
import type { LinearLayer } from "../contract/linear-layer.js";
import type { LayerRule, Row } from "../contract/rules.js";
import { eq1, eq2, flat, wSquare, zBox } from "../rules/layer/linear-rules.js";
import { imageBox, influence, influential } from "../rules/layer/rap-rules.js";
import { alphaBetaRule, epsilonRule, gammaRule, type Stabilised, zPlusRule } from "../rules/layer/signed-rules.js";
import { lossOfGaps, lossOfZPlus } from "../rules/layer/silent-inputs.js";
import { bounded, MOST_WEIGHT } from "./method-spec.js";
import { losses, STABILISER } from "./shared.js";

/** A rule that a composite table may name: its parameters (error texts say what is expected) and the rule for them. */
export interface NamedRule {
  readonly parameters: z.ZodRawShape;
  readonly make: (
    parameters: Readonly<Record<string, unknown>>,
  ) => Pick<Row, "rule" | "loses" | "losesAt" | "givesToZeros">;
  /** True where amounts stay linear in the seed. */
  readonly linear: boolean;
}

const plain = (
  rule: LayerRule,
  { linear = true, ...facts }: { linear?: boolean } & Pick<Row, "losesAt" | "givesToZeros"> = {},
): NamedRule => ({ parameters: {}, make: () => ({ rule, ...facts }), linear });

const weight = bounded({ above: 0, most: MOST_WEIGHT });
const stabilised = {
  epsilon: weight.default(STABILISER),
  bias: z.enum(["absorb", "ignore"], { error: "absorb or ignore" }).default("absorb"),
};

/** A rule with a stabilised denominator and its own parameters. */
function signed<Shape extends z.ZodRawShape>(
  parameters: Shape,
  make: (own: z.output<z.ZodObject<Shape>>, how: Stabilised) => LayerRule,
): NamedRule {
  return {
    parameters: { ...parameters, ...stabilised },
    make: (parameters) => {
      const how = parameters as unknown as Stabilised;
      return { rule: make(parameters as z.output<z.ZodObject<Shape>>, how), loses: losses(how.bias) };
    },
    linear: true,
  };
}

/** The rule where the layer's input has a range: z^B needs one. */
const boxed: LayerRule = (layer, amount, context) => {
  if (context.bounds(layer.input)) return zBox(layer, amount, context);
  const { label, op } = layer.node;
  throw new InputError(`node "${label}" (${op}): rule zbox: its input has no known range, expected position: bounded`);
};

const isWeighted = ({ kind }: LinearLayer): boolean => kind !== "mean" && kind !== "mixture";
const rapOrMean: LayerRule = (layer, amount, context) =>
  (isWeighted(layer) ? influential : eq2)(layer, amount, context);

/** Every rule of linear layers, by name. */
export const RULE_BOOK = {
  eq1: plain(eq1),
  eq2: plain(eq2, { losesAt: lossOfZPlus, givesToZeros: true }),
  zbox: plain(boxed, { losesAt: lossOfGaps }),
  wsquare: plain(wSquare, { losesAt: lossOfGaps, givesToZeros: true }),
  flat: plain(flat, { losesAt: lossOfGaps, givesToZeros: true }),
  epsilon: signed({}, (_, how) => epsilonRule(how)),
  gamma: signed({ gamma: weight.default(0.25) }, ({ gamma }, how) => gammaRule(gamma, how)),
  "alpha-beta": signed({ alpha: bounded({ least: 1, most: MOST_WEIGHT }).default(2) }, ({ alpha }, how) =>
    alphaBetaRule(alpha, how),
  ),
  zplus: signed({}, (_, how) => zPlusRule(how)),
  rap: plain(rapOrMean, { linear: false, givesToZeros: true }),
  "rap-influence": plain(influence, { linear: false }),
  "rap-zbox": plain(imageBox, { linear: false }),
} as const satisfies Record<string, NamedRule>;
