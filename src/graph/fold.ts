import { own } from "../own.js";
import { countConstants } from "./budget.js";
import { ELEMENTWISE_FOLDING } from "./folding/elementwise.js";
import { type EvaluateTable, make } from "./folding/evaluate.js";
import { INDEXING_FOLDING } from "./folding/indexing.js";
import { REDUCTION_FOLDING } from "./folding/reduction.js";
import { STRUCTURAL_FOLDING } from "./folding/structural.js";
import type { Literal } from "./literal.js";
import { Inference } from "./operators/spec.js";
import { sizeOf } from "./shape.js";
import type { Node, Value } from "./value.js";

/**
 * Evaluates nodes on constants: shape chains, gathered indices, normalisation constants, transposed weights.
 * Floating point is rounded to the element type after every operation, as a runtime does; operators that runtimes
 * round differently (exponentials, matrix products) are left to them.
 */
const EVALUATE: EvaluateTable = {
  ...ELEMENTWISE_FOLDING,
  ...STRUCTURAL_FOLDING,
  ...INDEXING_FOLDING,
  ...REDUCTION_FOLDING,
};

/** Most elements of a constant that is evaluated here; a larger one is left to the runtime. */
const MOST_FOLDED = 2 ** 24;

/** Operators that are constant for any input. */
const OF_SHAPE: Readonly<Record<string, (node: Node) => Literal[]>> = {
  Shape: (node) => {
    const { shape } = node.inputs[0]!;
    const { start = 0, end = shape.length } = node.attributes as { start?: number; end?: number };
    const part = shape.slice(start, end);
    return make("int64", [part.length], part);
  },
  Size: (node) => make("int64", [], [sizeOf(node.inputs[0]!.shape)]),
};

/**
 * The constant outputs of a node, or undefined where it depends on a graph input or is not evaluated here.
 * A Shape or Size node is constant for any input.
 */
export function fold(
  node: Node,
  literalOf: (value: Value) => Literal | undefined = (v) => v.literal,
): Literal[] | undefined {
  const known = own(OF_SHAPE, node.op);
  if (known) return known(node);
  countConstants(node);
  const evaluate = own(EVALUATE, node.op);
  if (!evaluate) return undefined;
  const literals: (Literal | undefined)[] = [];
  for (const value of node.inputs) {
    const literal = value && literalOf(value);
    if (value && (!literal || literal.dtype === "float16")) return undefined;
    literals.push(literal);
  }
  if (node.outputs.some(({ dtype, shape }) => dtype === "float16" || sizeOf(shape) > MOST_FOLDED)) return undefined;
  return evaluate(node, literals, new Inference(node.op, node.inputs, node.attributes, node.outputs.length));
}

/** The value of a constant: weights, and values computed from weights only. */
export function constantOf(value: Value): Literal | undefined {
  return value.literal ?? fold(value.node, constantOf)?.[value.index];
}
