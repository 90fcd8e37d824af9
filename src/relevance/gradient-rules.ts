import { inputGradients } from "../backward/gradient-table.js";
import type { OperatorTable } from "./method.js";

/** Vector-Jacobian products: every node hands back g·∂output/∂input, for inputs that depend on the observation. */
export const gradient: OperatorTable = (node, arriving, { analysis }) => {
  const inputs = inputGradients(node, arriving, 1);
  const to = node.inputs.flatMap((value, i) => {
    const made = value && analysis.isDependent(value) ? inputs[i] : undefined;
    return made ? [[value!, made()] as const] : [];
  });
  return { rule: "gradient", to };
};
