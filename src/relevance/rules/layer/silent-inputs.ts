import { abs, greater, mul, reduceMax, where } from "../../../graph/build.js";
import { constantOf } from "../../../graph/fold.js";
import { type Shape, sizeOf, stridesOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import { outputAxis } from "../../layers/folded.js";

/**
 * Lower bound of inputs in z⁺: where a unit is active only through its bias and all inputs are zero, its relevance goes
 * to them in proportion to w⁺ (the limit of z⁺ for vanishing equal inputs) and is not lost. Nothing else changes.
 */
export const SILENT = 1e-10;

/**
 * Factor of |w| for a unit that a normalisation made active although it has no positive weight: so small that it counts
 * only where nothing else contributes.
 */
const AGAINST = 1e-10;

/** w⁺, or a small part of |w| for outputs without a positive weight. */
export function orAgainst(layer: LinearLayer, positive: Value): Value {
  const axis = layer.isNormalised ? outputAxis(layer) : undefined;
  const { weight } = layer;
  if (axis === undefined || (weight.literal && everyOutputHasPositive(weight, axis))) return positive;
  const others = weight.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  return where(greater(reduceMax(weight, others, true), 0), positive, mul(abs(weight), AGAINST));
}

/** Most products of a weight's elements and edges that are searched for outputs without a positive weight. */
const MOST_SEARCHED = 2 ** 24;

/**
 * The loss of z⁺ at a layer: an output without a positive weight has no input to give to if its bias makes it active, or
 * if no ReLU follows. At the edges of a map, outputs have fewer weights.
 */
export function lossOfZPlus(layer: LinearLayer, { analysis }: Context): string | undefined {
  const readers = analysis.consumers.get(layer.node.outputs[0]!) ?? [];
  const isRectified = readers.length > 0 && readers.every(({ op }) => op === "Relu");
  if (layer.isNormalised || (!layer.bias && isRectified)) return lossOfGaps(layer);
  const groups = contributions(layer);
  if (!groups || everyOneHasPositive(groups)) return undefined;
  const active = layer.bias ? "only their bias makes them active" : "they are below zero";
  return `outputs without a positive weight lose their relevance where ${active}`;
}

/** The loss of every rule without bias: outputs of strided or padded convolutions that no input reaches. */
export function lossOfGaps({ taps, bias }: LinearLayer): string | undefined {
  return bias && taps?.some((sets) => sets.some((set) => set.length === 0))
    ? "outputs that no input reaches lose their relevance"
    : undefined;
}

/** For each output, or each that differs: where its weights lie among the numbers. */
interface Contributions {
  readonly numbers: Float64Array;
  readonly outputs: Iterable<Iterable<number>>;
}

/** Undefined where weights are not constant, or too many to look at. */
function contributions(layer: LinearLayer): Contributions | undefined {
  const { weight, kind, taps } = layer;
  const literal = kind === "mean" ? undefined : constantOf(weight);
  if (!literal) return undefined;
  const { shape } = literal;
  const edges = taps ? sizeOf(taps.map((sets) => sets.length)) : 1;
  if (literal.size * edges > MOST_SEARCHED) return undefined;
  const numbers = literal.numbers();
  if (taps) return { numbers, outputs: ofKernel(layer, shape, taps) };
  const [rows, columns] = shape.slice(-2) as [number, number];
  return {
    numbers,
    outputs: kind === "mixture" ? ofRows(numbers.length, columns) : ofColumns(numbers.length, rows, columns),
  };
}

function* ofRows(size: number, columns: number): Iterable<Iterable<number>> {
  for (let start = 0; start < size; start += columns) yield Array.from({ length: columns }, (_, k) => start + k);
}

function* ofColumns(size: number, rows: number, columns: number): Iterable<Iterable<number>> {
  for (let start = 0; start < size; start += rows * columns)
    for (let c = 0; c < columns; c++) yield Array.from({ length: rows }, (_, k) => start + k * columns + c);
}

/** [K, C/group, …kernel], or [C, K/group, …kernel] of a transposed convolution: by output channel and place at the edges. */
function* ofKernel(
  { kind, output }: LinearLayer,
  shape: Shape,
  taps: NonNullable<LinearLayer["taps"]>,
): Iterable<Iterable<number>> {
  const kernel = shape.slice(2);
  const strides = stridesOf(kernel);
  const size = sizeOf(kernel);
  const places = taps.reduce<number[][]>(
    (all, sets, axis) =>
      all.flatMap((some) => sets.map((set) => some.flatMap((at) => set.map((k) => at + k * strides[axis]!)))),
    [[0]],
  );
  const channels = output.shape[1]!;
  const isTransposed = kind === "transposed convolution";
  const each = isTransposed ? shape[1]! : channels;
  const inGroup = isTransposed ? shape[0]! / (channels / each) : shape[1]!;
  for (let channel = 0; channel < channels; channel++) {
    const slices = Array.from({ length: inGroup }, (_, c) =>
      isTransposed ? (Math.floor(channel / each) * inGroup + c) * each + (channel % each) : channel * inGroup + c,
    );
    for (const place of places) yield elementsOf(slices, size, place);
  }
}

/** Elements of the slices at a place, one after the other: the first ones nearly always answer the question. */
function* elementsOf(slices: readonly number[], size: number, place: readonly number[]): Iterable<number> {
  for (const slice of slices) for (const at of place) yield slice * size + at;
}

function everyOneHasPositive({ numbers, outputs }: Contributions): boolean {
  for (const output of outputs) if (!hasPositive(numbers, output)) return false;
  return true;
}

function hasPositive(numbers: Float64Array, output: Iterable<number>): boolean {
  for (const i of output) if (numbers[i]! > 0) return true;
  return false;
}

function everyOutputHasPositive({ literal, shape }: Pick<Value, "literal" | "shape">, axis: number): boolean {
  const inner = sizeOf(shape.slice(axis + 1));
  const has = new Uint8Array(shape[axis]!);
  literal!.numbers().forEach((w, i) => {
    if (w > 0) has[Math.floor(i / inner) % has.length] = 1;
  });
  return has.every((x) => x === 1);
}
