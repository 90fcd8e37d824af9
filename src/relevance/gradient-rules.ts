import { inputGradients } from "../backward/gradient-table.js";
import { cast, constant, mul, sub } from "../graph/build.js";
import type { OperatorTable, Rules } from "./method.js";

/** Vector-Jacobian products: every node hands back g·∂output/∂input, for inputs that depend on the observation. */
export const gradient: OperatorTable = (node, arriving, { analysis }) => {
  // Bytes of a camera are numbers like any other: relevance asks how the torque changes with them.
  if (node.op === "Cast") return { rule: "gradient", to: [[node.inputs[0]!, arriving[0]!]] };
  const inputs = inputGradients(node, arriving, 1);
  const to = node.inputs.flatMap((value, i) => {
    const made = value && analysis.isDependent(value) ? inputs[i] : undefined;
    return made ? [[value!, made()] as const] : [];
  });
  return { rule: "gradient", to };
};

/** gradient ⊙ (x − reference): what a value's difference from its reference makes of the torque, to first order. */
export const timesInput: NonNullable<Rules["relevanceOf"]> = (value, amount, { prefix }) => {
  const x = cast(value, amount.dtype);
  const reference = prefix.reference(value);
  return mul(amount, reference ? sub(x, constant(reference)) : x);
};
