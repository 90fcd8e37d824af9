import { apply } from "../graph/apply.js";
import { concat, expand, padAxis, reshape, scalar, slice, sum, transpose } from "../graph/build.js";
import { reducedAxes } from "../graph/operators/reduction.js";
import { sliceRanges, splitSizes } from "../graph/operators/structural.js";
import { normalizeAxis, type Shape } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { own } from "../own.js";
import { INDEXING_ADJOINTS } from "./indexing.js";
import { padAdjoint } from "./pad.js";
import { onlyCopies, resizeAdjoint } from "./resize.js";
import { type Adjoint, foldedRows, type InputGradient, inferenceOf, rowsOf } from "./rule.js";

/** The adjoint of broadcasting `shape` up to that of `g` after its leading axes. */
export function sumToShape(g: Value, shape: Shape, lead: number): Value {
  const tail = g.shape.slice(lead);
  const extra = tail.length - shape.length;
  const axes = tail.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i + lead] : []));
  return reshape(sum(g, axes, true), [...rowsOf(g, lead), ...shape]);
}

/** The adjoint of summing over a reduction's axes, to its operand's shape after the leading axes. */
export function expandReduced(node: Node, g: Value, lead: number): Value {
  const { shape } = node.inputs[0]!;
  const axes = reducedAxes(inferenceOf(node));
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return expand(reshape(g, [...rowsOf(g, lead), ...kept]), [...rowsOf(g, lead), ...shape]);
}

const relabel: Adjoint = (node, g, lead) => [() => reshape(g, [...rowsOf(g, lead), ...node.inputs[0]!.shape])];

/** Zeros between, before and after the elements of a strided slice. */
function sliceAdjoint(node: Node, g: Value, lead: number): Value {
  const { shape } = node.inputs[0]!;
  let result = g;
  for (const { axis: bare, start, count, step } of sliceRanges(inferenceOf(node))) {
    const axis = bare + lead;
    if (step < 0) result = slice(result, axis, -1, Number.MIN_SAFE_INTEGER, -1);
    const stride = Math.abs(step);
    const first = step < 0 ? start + (count - 1) * step : start;
    if (stride > 1) {
      const before = result.shape.slice(0, axis);
      const after = result.shape.slice(axis + 1);
      const spread = padAxis(reshape(result, [...before, count, 1, ...after]), axis + 1, 0, stride - 1);
      result = slice(reshape(spread, [...before, count * stride, ...after]), axis, 0, (count - 1) * stride + 1);
    }
    result = padAxis(result, axis, first, shape[bare]! - first - result.shape[axis]!);
  }
  return result;
}

function transposeAdjoint(node: Node, g: Value, lead: number): Value {
  const rank = node.inputs[0]!.shape.length;
  const perm =
    (node.attributes.perm as readonly number[] | undefined) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const leading = Array.from({ length: lead }, (_, i) => i);
  return transpose(g, [...leading, ...perm.map((_, i) => perm.indexOf(i) + lead)]);
}

/** The sum of an axis's copies. */
function tileAdjoint(node: Node, g: Value, lead: number): Value {
  const { shape } = node.inputs[0]!;
  const repeats = inferenceOf(node).ints(1, "repeats");
  const parted = shape.flatMap((d, i) => [repeats[i]!, d]);
  const copies = shape.map((_, i) => 2 * i + lead);
  return sum(reshape(g, [...rowsOf(g, lead), ...parted]), copies);
}

/** The inverse of DepthToSpace: blocks of pixels back into the channels that they came from. */
function intoDepth(node: Node, y: Value): Value {
  if (node.attributes.mode !== "CRD") return apply("SpaceToDepth", [y], { blocksize: node.attributes.blocksize! });
  const [, c, h, w] = node.inputs[0]!.shape as [number, number, number, number];
  const [n, block] = [y.shape[0]!, node.attributes.blocksize as number];
  const parted = reshape(y, [n, c / block ** 2, h, block, w, block]);
  return reshape(transpose(parted, [0, 1, 3, 5, 2, 4]), [n, c, h, w]);
}

const ADJOINTS: Readonly<Record<string, Adjoint>> = {
  Identity: relabel,
  Dropout: relabel,
  Reshape: relabel,
  Flatten: relabel,
  Squeeze: relabel,
  Unsqueeze: relabel,
  Transpose: (node, g, lead) => [() => transposeAdjoint(node, g, lead)],
  Expand: (node, g, lead) => [() => sumToShape(g, node.inputs[0]!.shape, lead)],
  Concat: (node, g, lead) => {
    const axis = normalizeAxis("Concat", node.attributes.axis as number, node.outputs[0]!.shape);
    let start = 0;
    return node.inputs.map((value) => {
      const from = start;
      start += value!.shape[axis]!;
      return () => slice(g, axis + lead, from, from + value!.shape[axis]!);
    });
  },
  Split: (node, g, lead, all) => {
    const { axis } = splitSizes(inferenceOf(node));
    const nothing = (output: Value) => expand(scalar(0, output.dtype), [...rowsOf(g, lead), ...output.shape]);
    const parts = node.outputs.map((output, i) => all[i] ?? nothing(output));
    return [() => concat(parts, axis + lead)];
  },
  Slice: (node, g, lead) => [() => sliceAdjoint(node, g, lead)],
  Pad: (node, g, lead) => [() => padAdjoint(node, g, lead)],
  Tile: (node, g, lead) => [() => tileAdjoint(node, g, lead)],
  DepthToSpace: (node, g, lead) => [() => foldedRows(g, lead, (y) => intoDepth(node, y))],
  SpaceToDepth: (node, g, lead) => [
    () => foldedRows(g, lead, (y) => apply("DepthToSpace", [y], { blocksize: node.attributes.blocksize! })),
  ],
  Trilu: (node, g) => [() => apply("Trilu", [g, ...node.inputs.slice(1)], node.attributes)],
  Resize: (node, g, lead) => (onlyCopies(node) ? [() => resizeAdjoint(node, g, lead)] : undefined),
  ...INDEXING_ADJOINTS,
};

/** One thunk per input that elements move from, or undefined where the operator computes. */
export function structuralAdjoint(
  node: Node,
  arriving: readonly (Value | undefined)[],
  lead: number,
): readonly InputGradient[] | undefined {
  return own(ADJOINTS, node.op)?.(node, arriving.find((g) => g !== undefined)!, lead, arriving);
}
