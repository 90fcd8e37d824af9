import { reshape, scalar, where } from "../graph/build.js";
import { Inference } from "../graph/operators/spec.js";
import { type Shape, sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";

/** Gradient of one input, made on demand; undefined where there is none, as for indices. */
export type InputGradient = (() => Value) | undefined;

/**
 * The gradients of a node's inputs.
 * @param g gradient of the node's first output, with `lead` leading axes in front of its shape; results carry the same
 * @param all one entry per output of the node, undefined where nothing arrives
 */
export type GradientRule = (
  node: Node,
  g: Value,
  lead: number,
  all: readonly (Value | undefined)[],
) => readonly InputGradient[];

/**
 * The adjoint of an operator that moves elements without computing: it takes gradients and relevance alike.
 * Undefined for a node whose attributes make it compute.
 */
export type Adjoint = (...args: Parameters<GradientRule>) => ReturnType<GradientRule> | undefined;

export type GradientTable = Readonly<Record<string, GradientRule>>;

export const inferenceOf = (node: Node): Inference =>
  new Inference(node.op, node.inputs, node.attributes, node.outputs.length);

/** The leading extents of a gradient. */
export const rowsOf = (g: Value, lead: number): Shape => g.shape.slice(0, lead);

/** The gradient where a condition holds, zero elsewhere. */
export const gate = (condition: Value, g: Value): Value => where(condition, g, scalar(0, g.dtype));

/**
 * Runs an adjoint that has only a batch axis, the leading axes folded into it: [rows…, N, …] → [rows…, N, …].
 */
export function foldedRows(g: Value, lead: number, adjoint: (g: Value) => Value): Value {
  if (lead === 0) return adjoint(g);
  const rows = rowsOf(g, lead);
  const batch = g.shape[lead]!;
  const y = adjoint(reshape(g, [sizeOf(rows) * batch, ...g.shape.slice(lead + 1)]));
  return reshape(y, [...rows, y.shape[0]! / sizeOf(rows), ...y.shape.slice(1)]);
}
