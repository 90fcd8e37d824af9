import { inferenceOf } from "../../backward/rule.js";
import { isRearranged } from "../../graph/kinds.js";
import { reducedAxes } from "../../graph/operators/reduction.js";
import { normalizeAxis, sizeOf } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import type { SoftArgmax } from "../contract/pattern.js";
import type { RecognisePattern } from "../contract/recognise.js";

/** True for operators that keep every element of a map, copies allowed. */
const isKept = (op: string) => isRearranged(op) || traitsOf(op).moves === "repeat";

/**
 * Spatial soft-argmax: p = softmax(logits over the cells of each channel), then expected coordinates Σ p·X. Written
 * either as MatMul(p, grid) (robomimic, LeRobot) or as ReduceSum(Mul(p, grid)) (guided policy search code), of the map
 * or of its sums over rows or columns. The sum must cover all cells of the softmax, so that Σp = 1.
 */
export const softArgmax: RecognisePattern = (node, network) => {
  const over = (map: Value | undefined, grid: Value | undefined, cells: number): SoftArgmax | undefined => {
    if (!map || !grid || network.isDependent(grid)) return undefined;
    const softmax = softmaxBehind(map, cells);
    return softmax && { kind: "soft-argmax", node, source: map, softmax };
  };
  if (node.op === "MatMul") return over(node.inputs[0], node.inputs[1], node.inputs[0]!.shape.at(-1)!);
  if (node.op !== "ReduceSum" || node.inputs[0]!.node.op !== "Mul") return undefined;
  const product = node.inputs[0]!;
  const cells = reducedAxes(inferenceOf(node)).reduce((size, axis) => size * product.shape[axis]!, 1);
  const [a, b] = product.node.inputs;
  return over(a, b, cells) ?? over(b, a, cells);
};

/** The Softmax over `cells` elements that a value comes from by moving, or by summing rows or columns to a marginal. */
function softmaxBehind(value: Value, cells: number): Node | undefined {
  let { node } = value;
  let size = cells;
  while (isKept(node.op) || node.op === "ReduceSum") {
    const of = node.inputs[0]!;
    if (node.op === "ReduceSum") size *= sizeOf(of.shape) / sizeOf(node.outputs[0]!.shape);
    node = of.node;
  }
  if (node.op !== "Softmax") return undefined;
  const { shape } = node.inputs[0]!;
  const axis = normalizeAxis("Softmax", (node.attributes.axis as number | undefined) ?? -1, shape);
  return shape[axis] === size ? node : undefined;
}

/** Lowest coordinate of each output element: the image corner (methods.md §0.7). */
export function gridCorner(node: Node): Float64Array | undefined {
  const grid = node.op === "MatMul" ? node.inputs[1] : node.inputs[0]!.node.inputs.find((value) => value?.literal);
  const literal = grid?.literal;
  if (!literal) return undefined;
  const output = node.outputs[0]!.shape;
  const numbers = literal.numbers();
  if (node.op === "MatMul") {
    const coordinates = output.at(-1)!;
    const lowest = Float64Array.from({ length: coordinates }, (_, c) =>
      numbers.reduce((low, x, i) => (i % coordinates === c ? Math.min(low, x) : low), Number.POSITIVE_INFINITY),
    );
    return Float64Array.from({ length: sizeOf(output) }, (_, i) => lowest[i % coordinates]!);
  }
  return new Float64Array(sizeOf(output)).fill(numbers.reduce((low, x) => Math.min(low, x), Number.POSITIVE_INFINITY));
}
