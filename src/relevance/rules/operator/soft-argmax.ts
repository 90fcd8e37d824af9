import { cast, constant, div, equal, mul, reduceMax, sub, sum } from "../../../graph/build.js";
import { normalizeAxis } from "../../../graph/shape.js";
import type { Node, Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { OperatorTable, Propagated } from "../../contract/rules.js";
import { layerByOperator } from "../../layers/table.js";
import { distribute } from "../layer/distribute.js";
import { pieces } from "../layer/pieces.js";
import { stabilised } from "../layer/signed-rules.js";

/**
 * How relevance of soft-argmax coordinates goes to their logits (methods.md §2.3): by mass, to the largest cell, or by
 * gradient.
 */
export type SoftArgmaxRule = "mass" | "winner" | "gradient";

/** Axis of a Softmax in amounts that carry a row axis. */
const axisOf = (node: Node) =>
  normalizeAxis("Softmax", (node.attributes.axis as number | undefined) ?? -1, node.inputs[0]!.shape) + 1;

/** A channel's relevance goes to its most probable cell; ties share it. */
function winnerTakesAll(node: Node, amount: Value): Value {
  const p = node.outputs[0]!;
  const axis = axisOf(node);
  const winners = cast(equal(p, reduceMax(p, [axis - 1], true)), p.dtype);
  return mul(sum(amount, [axis], true), div(winners, sum(winners, [axis - 1], true)));
}

/** l ⊙ (R − p ΣR) (AttnLRP, Prop. 3.1): with the ε rule after it, gradient × input scaled by R over the coordinate. */
function taylor(node: Node, amount: Value): Value {
  const p = node.outputs[0]!;
  return mul(node.inputs[0]!, sub(amount, mul(p, sum(amount, [axisOf(node)], true))));
}

/** The ε rule on Σ p·X, with the coordinate relative to its origin. */
function coordinates(node: Node, amount: Value, context: Context, epsilon: number): readonly [Value, Value] {
  const layer = layerByOperator(node, context.analysis)!;
  const origin = context.reference(layer.output);
  const z = origin ? sub(layer.output, constant(origin)) : layer.output;
  return [
    layer.input,
    distribute(layer, pieces(layer, [["x", "w"]], context), div(amount, stabilised(z, epsilon)), context),
  ];
}

/** A table with this rule for soft-argmax in place of the mass rule. */
export function withSoftArgmax(rule: SoftArgmaxRule, table: OperatorTable, epsilon = 1e-6): OperatorTable {
  if (rule === "mass") return table;
  return (node, arriving, context, givesToZeros): Propagated => {
    const { analysis } = context;
    const amount = arriving.find((value) => value !== undefined)!;
    if (node.op === "Softmax" && analysis.isPointMap(node)) {
      if (rule === "winner") return { rule, to: [[node.inputs[0]!, winnerTakesAll(node, amount)]] };
      return { rule, loses: GRADIENT_LOSES, to: [[node.inputs[0]!, taylor(node, amount)]] };
    }
    if (rule === "gradient" && analysis.softArgmax(node))
      return { rule, to: [coordinates(node, amount, context, epsilon)] };
    return table(node, arriving, context, givesToZeros);
  };
}

const GRADIENT_LOSES = "gradient × input of a softmax does not add up";
