import { applyNode } from "../../../graph/apply.js";
import { add, constant, div, mul, neg, relu, sub } from "../../../graph/build.js";
import { traitsOf } from "../../../graph/traits.js";
import type { Node, Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import { AGREEING, OPPOSING } from "../layer/forms.js";
import { pieces, total } from "../layer/pieces.js";
import { dynamicOperand } from "./rule.js";

/** Sizes of the contributions that raise a value and of those that lower it; both ≥ 0. */
export interface Pools {
  readonly raising: Value;
  readonly lowering: Value;
}

/**
 * The contributions to a target a that is measured from a present value q: those of the linear layer behind a, moved,
 * scaled and put beside others as a is, and q's own. With them a − q is explained as one layer [W, −1] of [x, q] would
 * be (methods.md §2.4). Behind anything else, such as a squash, a itself is the only contribution.
 */
export function poolsOf(value: Value, context: Context): Pools {
  const { node } = value;
  const layer = context.analysis.layer(node);
  if (layer && layer.output === value) {
    const [raising, lowering] = [AGREEING, OPPOSING].map((terms) => total(pieces(layer, terms, context)));
    return { raising: raising!, lowering: lowering! };
  }
  return behind(node, value, context) ?? itself(value, context);
}

/** Relative to its reference, like every input of a layer. */
function itself(value: Value, context: Context): Pools {
  const reference = context.reference(value);
  const x = reference ? sub(value, constant(reference)) : value;
  return { raising: relu(x), lowering: relu(neg(x)) };
}

function behind(node: Node, value: Value, context: Context): Pools | undefined {
  if (traitsOf(node.op).moves !== undefined && node.op !== "Cast") return moved(node, value, context);
  const operand = ["Add", "Sub", "Mul", "Div"].includes(node.op) ? dynamicOperand(node, context) : undefined;
  if (!operand || (node.op === "Div" && operand.index === 1)) return undefined;
  // A constant summand is a bias, which takes nothing.
  const inner = poolsOf(operand.value, context);
  if (node.op === "Add") return inner;
  if (node.op === "Sub") return operand.index === 0 ? inner : { raising: inner.lowering, lowering: inner.raising };
  const factor = node.op === "Div" ? div(1, operand.other) : operand.other;
  const [up, down] = [relu(factor), relu(neg(factor))];
  return {
    raising: add(mul(inner.raising, up), mul(inner.lowering, down)),
    lowering: add(mul(inner.lowering, up), mul(inner.raising, down)),
  };
}

/** The pools of a node that moves elements: its operands' pools, moved alike. */
function moved(node: Node, value: Value, context: Context): Pools | undefined {
  const output = node.outputs.indexOf(value);
  const isData = (operand: Value | undefined): operand is Value =>
    operand !== undefined && operand.dtype === value.dtype && context.analysis.isDependent(operand);
  const pools = node.inputs.map((operand) => (isData(operand) ? poolsOf(operand, context) : undefined));
  const as = (key: keyof Pools) =>
    applyNode(
      node.op,
      node.inputs.map((operand, i) => pools[i]?.[key] ?? operand),
      node.attributes,
      { outputCount: node.outputs.length },
    ).outputs[output]!;
  return { raising: as("raising"), lowering: as("lowering") };
}
