import { sizeOf } from "../../graph/shape.js";
import { type Node, topologicalOrder, type Value } from "../../graph/value.js";

/** Multiply-adds of the convolutions and products that values take, in nodes that are not known. */
export function multiplyAdds(values: readonly Value[], known: Iterable<Node>): number {
  return topologicalOrder(values, known).reduce((all, node) => all + multiplyAddsOf(node), 0);
}

function multiplyAddsOf({ op, inputs, outputs }: Node): number {
  const [a, b] = inputs as readonly [Value, Value];
  if (op === "Conv") return sizeOf(outputs[0]!.shape) * sizeOf(b.shape.slice(1));
  if (op === "ConvTranspose") return sizeOf(a.shape) * sizeOf(b.shape.slice(1));
  return op === "MatMul" ? sizeOf(outputs[0]!.shape) * a.shape.at(-1)! : 0;
}
