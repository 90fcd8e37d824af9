import { isRearranged, isScaled } from "../../graph/kinds.js";
import { normalizeAxis } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import type { PatternFacts } from "../contract/facts.js";
import { numberOf, operands } from "./matching.js";

/** Values mixed by the weights of a softmax: Σ_s A_ls · V_s. */
export interface Mixture {
  readonly node: Node;
  /** A, [.., L, S], rows that sum to 1 (0 where all is masked). */
  readonly weights: Value;
  /** V, [.., S, D]. */
  readonly values: Value;
  readonly softmax: Node;
}

/** Attention: a mixture whose weights are softmax(QKᵀ·scale + mask). */
export interface Attention extends Mixture {
  /** QKᵀ before scale and mask, [.., L, S]. */
  readonly scores: Value;
}

/** The mixture that a MatMul computes, whose weights are a softmax over the axis that it sums. */
export function mixtureOf(node: Node, network: Pick<PatternFacts, "isDependent">): Mixture | undefined {
  if (node.op !== "MatMul") return undefined;
  const [weights, values] = node.inputs as readonly [Value, Value];
  if (!network.isDependent(weights) || !network.isDependent(values)) return undefined;
  if (weights.shape.length < 2 || values.shape.length < 2) return undefined;
  const softmax = rowsOfSoftmax(weights);
  return softmax && { node, weights, values, softmax };
}

/** The attention that a MatMul computes, for methods that use its weights. */
export function attentionOf(node: Node, network: Pick<PatternFacts, "isDependent">): Attention | undefined {
  const mixture = mixtureOf(node, network);
  const scores = mixture && scoresBehind(mixture.softmax.inputs[0]!, network);
  return scores && { ...mixture, scores };
}

/** The Softmax over the last axis that makes a value's rows; a mask for rows without weight may lie between. */
function rowsOfSoftmax(value: Value): Node | undefined {
  const { node } = value;
  if (traitsOf(node.op).moves === "stay") return rowsOfSoftmax(node.inputs[0]!);
  const chosen = operands(value, "Where");
  if (chosen) {
    const [, a, b] = chosen;
    return numberOf(a) === 0 ? rowsOfSoftmax(b!) : numberOf(b) === 0 ? rowsOfSoftmax(a!) : undefined;
  }
  if (node.op !== "Softmax") return undefined;
  const { shape } = value;
  const axis = normalizeAxis("Softmax", (node.attributes.axis as number | undefined) ?? -1, shape);
  return axis === shape.length - 1 ? node : undefined;
}

/** Most nodes between QKᵀ and the softmax. */
const MOST_BETWEEN = 8;

/** QKᵀ of logits, before scales, masks and biases. */
function scoresBehind(
  logits: Value,
  network: Pick<PatternFacts, "isDependent">,
  depth = MOST_BETWEEN,
): Value | undefined {
  const { node } = logits;
  if (node.op === "MatMul") return logits;
  if (depth === 0) return undefined;
  if (node.op === "Where") {
    const branch = node.inputs.slice(1).filter((value) => network.isDependent(value!));
    return branch.length === 1 ? scoresBehind(branch[0]!, network, depth - 1) : undefined;
  }
  if (!isScaled(node.op) && !isRearranged(node.op) && node.op !== "Clip") return undefined;
  const found = node.inputs.flatMap((value) => (value && scoresBehind(value, network, depth - 1)) ?? []);
  return found.length === 1 ? found[0] : undefined;
}
