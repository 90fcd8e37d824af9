import { reshape, slice } from "../graph/build.js";
import { traitsOf } from "../graph/traits.js";
import type { Value } from "../graph/value.js";

/** Some elements side by side in a tensor. */
export interface Part {
  readonly value: Value;
  /** First element of the flattened tensor. */
  readonly start: number;
  /** Number of elements. */
  readonly size: number;
}

/** A function of rows, and the axis that they lie along. */
interface OfRows {
  readonly of: Value;
  readonly axis: number;
}

/**
 * The logits of actions, [1, n], whose probabilities a part of a tensor holds: what the softmax takes. Undefined where
 * these elements are not the whole of a softmax.
 */
export function logitsBehind(part: Part): Value | undefined {
  const of = beneath(part, softmaxAt);
  return of && withoutNormaliser(of);
}

/** Logits, [1, n], without the number that makes their exponentials add up to 1, which is common to all of them. */
export function withoutNormaliser(part: Part): Value {
  const of = beneath(part, logSoftmaxAt);
  return of ? withoutNormaliser(of) : rowOf(part);
}

const softmaxAt = ({ node, shape }: Value): OfRows | undefined =>
  node.op === "Softmax" ? { of: node.inputs[0]!, axis: axisIn(node.attributes.axis, shape) } : undefined;

function logSoftmaxAt({ node, shape }: Value): OfRows | undefined {
  const [x, less] = node.inputs;
  if (node.op === "LogSoftmax") return { of: x!, axis: axisIn(node.attributes.axis, shape) };
  if (node.op === "Log") return softmaxAt(x!);
  // x − log Σ exp x
  if (node.op !== "Sub" || less?.node.op !== "ReduceLogSumExp" || less.node.inputs[0] !== x) return undefined;
  return less.shape.length === shape.length && less.shape.at(-1) === 1 ? { of: x!, axis: shape.length - 1 } : undefined;
}

const axisIn = (given: unknown, { length }: readonly number[]): number => {
  const axis = (given as number | undefined) ?? -1;
  return axis < 0 ? axis + length : axis;
};

/** The same elements of what a function of rows takes, where they are one whole row of it. */
function beneath(part: Part, find: (value: Value) => OfRows | undefined): Part | undefined {
  const { value, start, size } = producerOf(part);
  const found = find(value);
  if (!found) return undefined;
  const { shape } = found.of;
  const isRow = shape[found.axis] === size && count(shape.slice(found.axis + 1)) === 1 && start % size === 0;
  return isRow ? { value: found.of, start, size } : undefined;
}

/** The elements where they are computed, before they are moved as a whole. */
function producerOf(part: Part): Part {
  const { node, shape } = part.value;
  const { moves } = traitsOf(node.op);
  if (moves === "stay" || moves === "reshape") return producerOf({ ...part, value: node.inputs[0]! });
  if (node.op !== "Concat" || count(shape.slice(0, axisIn(node.attributes.axis, shape))) !== 1) return part;
  let { start } = part;
  for (const value of node.inputs) {
    const length = count(value!.shape);
    if (start < length) return start + part.size <= length ? producerOf({ ...part, value: value!, start }) : part;
    start -= length;
  }
  return part;
}

/** The elements, [1, n]. */
export function rowOf({ value, start, size }: Part): Value {
  const total = count(value.shape);
  const flat = value.shape.length === 2 && value.shape[0] === 1 ? value : reshape(value, [1, total]);
  return size === total ? flat : slice(flat, 1, start, start + size);
}

const count = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
