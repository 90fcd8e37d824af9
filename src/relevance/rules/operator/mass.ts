import { inferenceOf } from "../../../backward/rule.js";
import { mul, reshape, sum } from "../../../graph/build.js";
import { reducedAxes } from "../../../graph/operators/reduction.js";
import type { Node, Value } from "../../../graph/value.js";
import { rowsOf } from "../../contract/carrier.js";

/**
 * The mass rule (methods.md §2.3): R_cell = p_cell·ΣR over the coordinates of its channel. Exact since Σp = 1,
 * non-negative for non-negative R, no division, independent of the coordinates' origin.
 * @param amount relevance of the coordinates, [rows, …shape of the node's output]
 * @returns relevance of `probability`, [rows, …its shape]
 */
export function massRule(node: Node, probability: Value, amount: Value): Value {
  if (node.op === "MatMul") {
    const rank = amount.shape.length;
    return mul(sum(amount, [rank - 1], true), probability);
  }
  // Relevance of the sums, their axes kept. The map may broadcast against the grid (a coordinate axis): its relevance
  // sums over what broadcasting added.
  const { shape } = node.inputs[0]!;
  const reduced = reducedAxes(inferenceOf(node));
  const sums = reshape(amount, [rowsOf(amount), ...shape.map((d, i) => (reduced.includes(i) ? 1 : d))]);
  const own = [...Array<number>(shape.length - probability.shape.length).fill(1), ...probability.shape];
  const added = shape.flatMap((d, i) => (own[i] === 1 && d !== 1 ? [i] : []));
  const copies = added.reduce((count, i) => (reduced.includes(i) ? count * shape[i]! : count), 1);
  const mass = mul(
    added.length > 0
      ? sum(
          sums,
          added.map((i) => i + 1),
          true,
        )
      : sums,
    copies,
  );
  const axes = mass.shape.slice(1 + shape.length - probability.shape.length);
  return mul(reshape(mass, [rowsOf(amount), ...axes]), probability);
}
