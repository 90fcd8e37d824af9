import { constantOf } from "../../../graph/fold.js";
import { type Shape, sizeOf, stridesOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";

/**
 * Lower bound of inputs in z⁺: where a unit is active only through its bias and all inputs are zero, its relevance goes
 * to them in proportion to w⁺ (the limit of z⁺ for vanishing equal inputs) and is not lost. Nothing else changes.
 */
export const SILENT = 1e-10;

/** Most products of a weight's elements and edges that are searched for outputs without a positive weight. */
const MOST_SEARCHED = 2 ** 24;

/**
 * True where a unit may hand on relevance although none of its weights is positive, at the edges of a map too, where units
 * have fewer weights. Behind a ReLU such a unit is active through its bias alone, and keeps its relevance (methods.md
 * §0.10); where a normalisation or another function follows, or none, the contributions against it are what it is made of.
 */
export const handsOnAgainst = (layer: LinearLayer, { analysis }: Context): boolean =>
  (layer.isNormalised === true || !isRectified(layer, analysis)) && worstOf(layer) !== "positive";

function isRectified({ node }: LinearLayer, { consumers }: Context["analysis"]): boolean {
  const readers = consumers.get(node.outputs[0]!) ?? [];
  return readers.length > 0 && readers.every(({ op }) => op === "Relu");
}

/** The loss of z⁺ at a layer: at units that no weight reaches, and behind a ReLU at those without a positive weight. */
export function lossOfZPlus(layer: LinearLayer, context: Context): string | undefined {
  if (layer.isNormalised || !isRectified(layer, context.analysis))
    return worstOf(layer) === "none" ? UNREACHED : undefined;
  if (!layer.bias || worstOf(layer) === "positive") return undefined;
  return "outputs without a positive weight lose their relevance where only their bias makes them active";
}

const UNREACHED = "outputs that no input reaches lose their relevance";

/** The loss of every rule without bias: outputs of strided or padded convolutions that no input reaches. */
export function lossOfGaps({ taps, bias }: LinearLayer): string | undefined {
  return bias && taps?.some((sets) => sets.some((set) => set.length === 0)) ? UNREACHED : undefined;
}

type Weights = "positive" | "against" | "none";

const SEARCHED = new WeakMap<LinearLayer, Weights>();

/**
 * The worst output of a layer: one with a positive weight, with others alone, or with none but zeros. Weights that are not
 * constant, or too many to look at, count as positive.
 */
function worstOf(layer: LinearLayer): Weights {
  const known = SEARCHED.get(layer);
  if (known) return known;
  const groups = contributions(layer);
  const every = (is: (w: number) => boolean) => !groups || everyOneHas(groups, is);
  const worst = every((w) => w > 0) ? "positive" : every((w) => w !== 0) ? "against" : "none";
  SEARCHED.set(layer, worst);
  return worst;
}

/** For each output, or each that differs: where its weights lie among the numbers. */
interface Contributions {
  readonly numbers: Float64Array;
  readonly outputs: () => Iterable<Iterable<number>>;
}

/** Undefined where weights are not constant, or too many to look at. */
function contributions(layer: LinearLayer): Contributions | undefined {
  const { kind, taps } = layer;
  const { weight, isTurned } = asWritten(layer.weight);
  const literal = kind === "mean" ? undefined : constantOf(weight);
  if (!literal) return undefined;
  const { shape } = literal;
  const edges = taps ? sizeOf(taps.map((sets) => sets.length)) : 1;
  if (literal.size * edges > MOST_SEARCHED) return undefined;
  const numbers = literal.numbers();
  if (taps) return { numbers, outputs: () => ofKernel(layer, shape, taps) };
  const [rows, columns] = shape.slice(-2) as [number, number];
  const all = (kind === "mixture") === isTurned ? ofColumns : ofRows;
  return { numbers, outputs: () => all(numbers.length, rows, columns) };
}

/** A weight before what keeps its signs, positive factors and a turn of a matrix: computing those takes seconds. */
function asWritten(weight: Value): { readonly weight: Value; readonly isTurned: boolean } {
  const { op, inputs } = weight.node;
  if (op === "Transpose" && weight.shape.length === 2) {
    const { weight: inner, isTurned } = asWritten(inputs[0]!);
    return { weight: inner, isTurned: !isTurned };
  }
  const [a, b] = inputs;
  const isFactor = (value: Value) =>
    sizeOf(value.shape) <= MOST_FACTORS &&
    constantOf(value)
      ?.numbers()
      .every((x) => x > 0);
  if (op === "Mul" && sizeOf(a!.shape) === sizeOf(weight.shape) && isFactor(b!)) return asWritten(a!);
  return { weight, isTurned: false };
}

/** Most factors that are looked at: one for each output. */
const MOST_FACTORS = 2 ** 16;

function* ofRows(size: number, _rows: number, columns: number): Iterable<Iterable<number>> {
  for (let start = 0; start < size; start += columns) yield spaced(start, columns, 1);
}

function* ofColumns(size: number, rows: number, columns: number): Iterable<Iterable<number>> {
  for (let start = 0; start < size; start += rows * columns)
    for (let c = 0; c < columns; c++) yield spaced(start + c, rows, columns);
}

/** `count` numbers `step` apart, one after the other: the first ones nearly always answer the question. */
function* spaced(start: number, count: number, step: number): Iterable<number> {
  for (let k = 0; k < count; k++) yield start + k * step;
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
    const slice = (c: number) =>
      isTransposed ? (Math.floor(channel / each) * inGroup + c) * each + (channel % each) : channel * inGroup + c;
    for (const place of places) yield elementsOf(inGroup, slice, size, place);
  }
}

/** Elements of the slices at a place, one after the other. */
function* elementsOf(
  count: number,
  slice: (c: number) => number,
  size: number,
  place: readonly number[],
): Iterable<number> {
  for (let c = 0; c < count; c++) for (const at of place) yield slice(c) * size + at;
}

function everyOneHas({ numbers, outputs }: Contributions, is: (w: number) => boolean): boolean {
  for (const output of outputs()) if (!has(numbers, output, is)) return false;
  return true;
}

function has(numbers: Float64Array, output: Iterable<number>, is: (w: number) => boolean): boolean {
  for (const i of output) if (is(numbers[i]!)) return true;
  return false;
}
