import type { Graph } from "../graph/value.js";
import type { LAYOUTS } from "./card-schema.js";

/** A model's input or output: the facts that a card is checked against. */
export interface Tensor {
  readonly name: string;
  /** A symbolic batch is 1. */
  readonly shape: readonly number[];
  /** `float32`, `uint8`, … */
  readonly dtype: string;
}

/** The declared inputs and outputs of a model. */
export interface Tensors {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Outputs of the model that cannot be read, and why; none by default. */
  readonly unread?: readonly { readonly name: string; readonly why: string }[];
}

/** The declared inputs and outputs of a graph. */
export function tensorsOf(graph: Graph): Tensors {
  const list = (values: Graph["inputs"]) => Array.from(values, ([name, { shape, dtype }]) => ({ name, shape, dtype }));
  const unread = Array.from(graph.unread ?? [], ([name, why]) => ({ name, why }));
  return { inputs: list(graph.inputs), outputs: list(graph.outputs), unread };
}

/** Number of elements of a shape. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** `uint8 [1, 64, 80, 3]` */
export const tensorText = (tensor: Tensor): string => `${tensor.dtype} [${tensor.shape.join(", ")}]`;

/** Extents of an image tensor; `frames` is 1 for layouts without time. */
export function axesOf(
  shape: readonly number[],
  layout: (typeof LAYOUTS)[number],
): { frames: number; height: number; width: number; channels: number } {
  const extent = (axis: string) => (layout.includes(axis) ? (shape[layout.indexOf(axis)] ?? 0) : 1);
  return { frames: extent("T"), height: extent("H"), width: extent("W"), channels: extent("C") };
}
