import { abs, reshape, slice, sum, zeros } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import { collapse, rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { SubjectValues } from "../contract/subject.js";

/** Σ|R| of a modality's own elements, [rows, 1]: one row per torque, or one row for their weighted sum. */
export function inputTotal(
  network: Network,
  inputs: Attribution["inputs"],
  { input, start, size }: SubjectValues,
  torquewise: boolean,
): Value {
  const arrived = inputs.get(network.subject.graph.inputs.get(input)!);
  if (!arrived) return zeros([torquewise ? network.torques : 1, 1]);
  const { amount } = torquewise ? arrived : collapse(arrived, network.importance);
  const rows = reshape(amount, [rowsOf(amount), sizeOf(amount.shape) / rowsOf(amount)]);
  return sum(abs(slice(rows, 1, start, start + size)), [1], true);
}
