import { inputGradients } from "../../../backward/gradient-table.js";
import { cast, constant, mul, reshape, sub, sum } from "../../../graph/build.js";
import { isFloat } from "../../../graph/dtype.js";
import { normalizeAxis } from "../../../graph/shape.js";
import { traitsOf } from "../../../graph/traits.js";
import type { Node, Value } from "../../../graph/value.js";
import { own } from "../../../own.js";
import type { Analysis, Context } from "../../contract/facts.js";
import type { OperatorTable, Propagated, Rules } from "../../contract/rules.js";
import { unexplained } from "./rule.js";

/** A method's replacement for a node's gradient, or undefined to keep the gradient. */
export type Override = (
  node: Node,
  arriving: readonly (Value | undefined)[],
  context: Context,
) => Propagated | undefined;

/**
 * Vector-Jacobian products: every node propagates g·∂output/∂input to inputs that depend on the observation.
 * @param overrides by operator or by the name of an activation of several nodes, asked first
 */
export const gradientTable =
  (overrides: Readonly<Record<string, Override>> = {}): OperatorTable =>
  (node, arriving, context) => {
    // The gradient of an index is zero everywhere, which says nothing about what the index was based on.
    const { index } = traitsOf(node.op);
    if (index !== undefined && arriving[index] !== undefined)
      throw unexplained(node, "an index does not say how much: relevance is not explained through it");
    const pattern = context.analysis.pattern(node);
    const name = pattern?.kind === "activation" ? pattern.name : node.op;
    const special = own(overrides, name)?.(node, arriving, context) ?? ofIntegers(node, arriving, context);
    if (special) return special;
    const inputs = inputGradients(node, arriving, 1);
    const to = node.inputs.flatMap((value, i) => {
      const made = value && context.analysis.isDependent(value) ? inputs[i] : undefined;
      return made ? [[value!, made()] as const] : [];
    });
    return { rule: "gradient", to };
  };

/** The gradient of every node. */
export const gradient = gradientTable();

/** Integer pixels get the gradient of their cast; a token gets that of its embedding, times the embedding. */
const ofIntegers: Override = (node, arriving, { analysis }) => {
  const g = arriving.find((value) => value !== undefined)!;
  if (node.op === "Cast" && !isFloat(node.inputs[0]!.dtype)) return { rule: "pass", to: [[node.inputs[0]!, g]] };
  if (!isEmbedding(node, analysis)) return undefined;
  return { rule: "embedding", to: [[node.inputs[1]!, ofTokens(node, mul(g, node.outputs[0]!))]] };
};

/** Returns true if a node looks tokens up in a table. */
export const isEmbedding = ({ op, inputs: [table, tokens] }: Node, analysis: Pick<Analysis, "isDependent">): boolean =>
  op === "Gather" && !analysis.isDependent(table!) && analysis.isDependent(tokens!);

/** Relevance of embeddings, [rows, …], summed to that of their tokens. */
export function ofTokens({ attributes, inputs, outputs }: Node, amount: Value): Value {
  const [table, tokens] = inputs as readonly [Value, Value];
  const axis = normalizeAxis("Gather", (attributes.axis as number | undefined) ?? 0, table.shape);
  const rank = tokens.shape.length;
  const others = outputs[0]!.shape.flatMap((_, i) => (i < axis || i >= axis + rank ? [i + 1] : []));
  return reshape(sum(amount, others), [amount.shape[0]!, ...tokens.shape]);
}

/** (x − reference) ⊙ gradient. Amounts of tokens are returned unchanged: tokens have no scale. */
export const timesInput: NonNullable<Rules["relevanceOf"]> = (value, amount, context) => {
  if (value.dtype === "int64" || value.dtype === "int32") return amount;
  const reference = context.reference(value);
  const x = cast(value, amount.dtype);
  return mul(amount, reference ? sub(x, cast(constant(reference), amount.dtype)) : x);
};
