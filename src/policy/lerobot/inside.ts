import type { Graph } from "../../graph/value.js";
import { topologicalOrder } from "../../graph/value.js";

/** Part of a number by which two of the same origin may differ, after a way through 32 bits. */
const TOLERANCE = 1e-5;

/**
 * Tells whether one of some lists of statistics stands in a graph as a constant: then the graph normalises by itself.
 * Lists of one repeated number tell nothing.
 */
export function holdsAny(graph: Graph, lists: readonly (readonly number[])[]): boolean {
  const telling = lists.filter((list) => list.some((value) => value !== list[0]));
  if (telling.length === 0) return false;
  return topologicalOrder(graph.outputs.values()).some(({ literal }) => {
    const alike = literal && telling.filter((list) => list.length === literal.size);
    if (!literal || !alike || alike.length === 0 || !literal.dtype.startsWith("float")) return false;
    const numbers = literal.numbers();
    return alike.some((list) =>
      list.every((value, i) => Math.abs(value - numbers[i]!) <= TOLERANCE * Math.abs(value) + 1e-12),
    );
  });
}
