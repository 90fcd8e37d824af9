import { isFloat } from "../graph/dtype.js";
import { isFlat } from "../graph/kinds.js";
import type { Node, Value } from "../graph/value.js";
import { own } from "../own.js";
import { ACTIVATION_GRADIENTS } from "./activations.js";
import { ELEMENTWISE_GRADIENTS } from "./elementwise.js";
import { INDEXING_GRADIENTS } from "./indexing.js";
import { LINEAR_GRADIENTS } from "./linear.js";
import { NORMALIZATION_GRADIENTS } from "./normalization.js";
import { REDUCTION_GRADIENTS } from "./reduction.js";
import { resizeAdjoint } from "./resize.js";
import type { GradientTable, InputGradient } from "./rule.js";
import { structuralAdjoint } from "./structural.js";

/** Gradient rules by operator. All are made of graph values, so gradients can be differentiated again. */
const GRADIENTS: GradientTable = {
  ...ACTIVATION_GRADIENTS,
  ...ELEMENTWISE_GRADIENTS,
  ...INDEXING_GRADIENTS,
  ...LINEAR_GRADIENTS,
  ...NORMALIZATION_GRADIENTS,
  ...REDUCTION_GRADIENTS,
  Resize: (node, g, lead) => [() => resizeAdjoint(node, g, lead)],
};

/**
 * Gradients of a node's inputs, made on demand; undefined where there is none, as for indices and conditions.
 * @param arriving one entry per output: its gradient with `lead` leading axes (one row per torque), undefined where
 * none arrived
 * @returns one entry per input, with the same leading axes
 * @throws RangeError for an operator without a rule, naming the node; the gradient of a single input without a rule
 * throws it too
 */
export function inputGradients(
  node: Node,
  arriving: readonly (Value | undefined)[],
  lead = 0,
): readonly InputGradient[] {
  if (isFlat(node.op)) return [];
  const other = arriving.findIndex((value, i) => i > 0 && value !== undefined);
  if (other > 0 && node.op !== "Split")
    throw new RangeError(`node "${node.label}": no gradient rule for output ${other} of operator ${node.op}`);
  const g = arriving.find((value) => value !== undefined)!;
  const known = structuralAdjoint(node, arriving, lead) ?? own(GRADIENTS, node.op)?.(node, g, lead, arriving);
  if (!known) throw new RangeError(`node "${node.label}": no gradient rule for operator ${node.op}`);
  return node.inputs.map((value, i) => {
    if (known[i] || !value || !isFloat(value.dtype)) return known[i];
    return () => {
      throw new RangeError(`node "${node.label}": no gradient rule for input ${i} of operator ${node.op}`);
    };
  });
}
