import { add, constant, div, greater, less, mul, where } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import type { LayerRule } from "../../contract/rules.js";
import { distribute, distributeSum, type Share } from "./distribute.js";
import { negativePart, positivePart, type Term } from "./forms.js";
import { type Piece, pieces, total } from "./pieces.js";

/**
 * Layer-wise relevance propagation with signed relevance. Denominators hold the layer's bias and are kept off zero by a
 * stabiliser: z + ε·sign(z) with sign(0) = 1, as Zennit has them.
 */
export interface Stabilised {
  /** ε of the stabiliser, in the units of the layer's output. */
  readonly epsilon: number;
  /** `absorb`: the bias stays in the denominators and takes its part of the relevance. `ignore`: it is left out. */
  readonly bias: "absorb" | "ignore";
}

/** Terms with one denominator, and the part of the bias in it. */
interface Pool {
  readonly terms: readonly Term[];
  readonly bias: (b: Value) => Value;
}

/** z + ε·sign(z), sign(0) = 1. */
export const stabilised = (z: Value, epsilon: number): Value => add(z, where(less(z, 0), -epsilon, epsilon));

/** The layer's output at the reference input: the bias for rules. */
function biasAtReference(layer: LinearLayer, context: Context): Value | undefined {
  const reference = context.reference(layer.input);
  if (!reference) return layer.bias;
  const there = layer.forward(constant(reference), layer.weight);
  return layer.bias ? add(there, layer.bias) : there;
}

interface PoolOfLayer {
  readonly parts: readonly Piece[];
  /** The stabilised denominator. */
  readonly z: Value;
}

function poolOf(layer: LinearLayer, pool: Pool, { epsilon, bias: how }: Stabilised, context: Context): PoolOfLayer {
  const parts = pieces(layer, pool.terms, context);
  const bias = how === "absorb" ? biasAtReference(layer, context) : undefined;
  const z = total(parts);
  return { parts, z: stabilised(bias ? add(z, pool.bias(bias)) : z, epsilon) };
}

const summed = (layer: LinearLayer, context: Context) => context.summedImage(layer.input) !== undefined;

/** x_i w_ij / (z_j + ε sign z_j) (Bach et al. 2015, Eq. 58). */
export const epsilonRule =
  ({ epsilon, bias }: Stabilised): LayerRule =>
  (layer, amount, context) => {
    const parts = pieces(layer, [["x", "w"]], context);
    const z = bias === "absorb" ? layer.output : total(parts);
    return distribute(layer, parts, div(amount, stabilised(z, epsilon)), context, summed(layer, context));
  };

const AGREEING: Pool = {
  terms: [
    ["x⁺", "w⁺"],
    ["x⁻", "w⁻"],
  ],
  bias: positivePart,
};
const OPPOSING: Pool = {
  terms: [
    ["x⁺", "w⁻"],
    ["x⁻", "w⁺"],
  ],
  bias: negativePart,
};

/** α p_ij / Σp − β n_ij / Σn for the positive and negative contributions, α − β = 1 (Bach et al. 2015, Eq. 60). */
export const alphaBetaRule =
  (alpha: number, how: Stabilised): LayerRule =>
  (layer, amount, context) => {
    const share = (pool: Pool, factor: number): Share => {
      const { parts, z } = poolOf(layer, pool, how, context);
      return [parts, div(mul(amount, factor), z)];
    };
    const shares = alpha === 1 ? [share(AGREEING, 1)] : [share(AGREEING, alpha), share(OPPOSING, 1 - alpha)];
    return distributeSum(layer, shares, context, summed(layer, context));
  };

/** p_ij / Σp with the positive part of the bias in Σp: Zennit's ZPlus, αβ with α = 1. */
export const zPlusRule = (how: Stabilised): LayerRule => alphaBetaRule(1, how);

/**
 * The γ rule (Montavon et al. 2019) for inputs and outputs of either sign (Andéol et al. 2021): contributions of the
 * output's sign count 1 + γ times. An output of exactly zero propagates nothing.
 */
export const gammaRule = (gamma: number, how: Stabilised): LayerRule => {
  const lift = (part: (w: Value) => Value) => (w: Value) => add(w, mul(part(w), gamma));
  const [up, down] = [lift(positivePart), lift(negativePart)];
  const positive: Pool = {
    terms: [
      ["x⁺", up],
      ["x⁻", down],
    ],
    bias: up,
  };
  const negative: Pool = {
    terms: [
      ["x⁺", down],
      ["x⁻", up],
    ],
    bias: down,
  };
  return (layer, amount, context) => {
    const share = (pool: Pool, holds: Value): Share => {
      const { parts, z } = poolOf(layer, pool, how, context);
      return [parts, where(holds, div(amount, z), 0)];
    };
    const shares = [share(positive, greater(layer.output, 0)), share(negative, less(layer.output, 0))];
    return distributeSum(layer, shares, context, summed(layer, context));
  };
};
