import { inputGradients } from "../../../backward/gradient-table.js";
import { structuralAdjoint } from "../../../backward/structural.js";
import { reshape, sum } from "../../../graph/build.js";
import { normalizeAxis } from "../../../graph/shape.js";
import { traitsOf } from "../../../graph/traits.js";
import type { Node, Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { GivesToZeros, Propagated } from "../../contract/rules.js";
import { constantsTake, paddingTakes } from "./padding.js";
import { rest } from "./rule.js";

/** True where the gradient only moves amounts back; a Cast would change their type. */
const movesElements = (op: string) => traitsOf(op).moves !== undefined && op !== "Cast";

/** The rule of operators that move elements: relevance moves back with them. Undefined for other operators. */
export function moved(
  node: Node,
  arriving: readonly (Value | undefined)[],
  context: Context,
  givesToZeros: GivesToZeros,
): Propagated | undefined {
  const lookup = looked(node, arriving[0], context);
  if (lookup) return lookup;
  const back =
    structuralAdjoint(node, arriving, 1) ?? (movesElements(node.op) ? inputGradients(node, arriving, 1) : undefined);
  if (!back) return undefined;
  const movable = node.inputs.flatMap((value, i) => (value && back[i] ? [i] : []));
  const dynamic = movable.filter((i) => context.analysis.isDependent(node.inputs[i]!));
  const to = dynamic.map((i) => [node.inputs[i]!, back[i]!()] as const);
  const others = movable.filter((i) => !dynamic.includes(i));
  const values = others.map((i) => node.inputs[i]!);
  const isTaken = others.length > 0 && constantsTake(node, values, context, givesToZeros);
  const constants = isTaken ? others.map((i) => back[i]!()) : [];
  if (paddingTakes(node, context, givesToZeros)) constants.push(rest(arriving[0]!, to));
  return { rule: "move", to, ...(constants.length > 0 && { constants }) };
}

/** The rule of rows picked from a table by index, such as embeddings: an index gets the sum of its row. */
function looked(node: Node, amount: Value | undefined, { analysis }: Context): Propagated | undefined {
  const [table, indices] = node.inputs as readonly [Value, Value];
  if (node.op !== "Gather" || !amount || analysis.isDependent(table) || !analysis.isDependent(indices))
    return undefined;
  const first = 1 + normalizeAxis("Gather", (node.attributes.axis as number | undefined) ?? 0, table.shape);
  const picked = indices.shape.length;
  const rest = amount.shape.flatMap((_, i) => (i > 0 && (i < first || i >= first + picked) ? [i] : []));
  return { rule: "embedding", to: [[indices, reshape(sum(amount, rest), [amount.shape[0]!, ...indices.shape])]] };
}
