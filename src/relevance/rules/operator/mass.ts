import { expandReduced } from "../../../backward/structural.js";
import { expand, mul, reshape, sum } from "../../../graph/build.js";
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
  const product = node.inputs[0]!.shape;
  const spread = expandReduced(node, amount, 1);
  const rows = rowsOf(amount);
  // The map may broadcast against the grid (a coordinate axis): its relevance sums over what broadcasting added.
  const shared = mul(
    spread,
    expand(reshape(probability, [1, ...padded(probability, product.length)]), [1, ...product]),
  );
  const extra = padded(probability, product.length).flatMap((d, i) => (d === 1 && product[i] !== 1 ? [i + 1] : []));
  return reshape(sum(shared, extra, true), [rows, ...probability.shape]);
}

const padded = (value: Value, rank: number) => [...Array<number>(rank - value.shape.length).fill(1), ...value.shape];
