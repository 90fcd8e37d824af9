import { apply } from "../graph/apply.js";
import { cast, concat, expand, padAxis, reshape, scalar, slice, sum, transpose } from "../graph/build.js";
import { reducedAxes } from "../graph/operators/reduction.js";
import { sliceRanges, splitSizes } from "../graph/operators/structural.js";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { inferenceOf, rowsOf } from "./rule.js";

/**
 * Adjoints of the operators that move elements without computing: gradients and relevance pass through them alike.
 * `g` may carry `lead` extra leading axes (relevance carries one, a row a torque); results carry the same.
 */
type Adjoint = (node: Node, g: Value, lead: number, all: readonly (Value | undefined)[]) => readonly (() => Value)[];

/** The adjoint of broadcasting `shape` up to what `g` has behind its leading axes. */
export function sumToShape(g: Value, shape: Shape, lead: number): Value {
  const tail = g.shape.slice(lead);
  const extra = tail.length - shape.length;
  const axes = tail.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i + lead] : []));
  return reshape(sum(g, axes, true), [...rowsOf(g, lead), ...shape]);
}

/** The adjoint of summing over a reduction's axes, its operand's shape behind the leading axes. */
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

function padAdjoint(node: Node, g: Value, lead: number): Value {
  const mode = (node.attributes.mode as string | undefined) ?? "constant";
  if (mode !== "constant")
    throw new RangeError(`node "${node.label}": nothing passes back through Pad of mode ${mode}`);
  const inference = inferenceOf(node);
  const { shape } = node.inputs[0]!;
  const pads = inference.ints(1, "pads");
  const axes = node.inputs[3]
    ? inference.ints(3, "axes").map((a) => normalizeAxis("Pad", a, shape))
    : shape.map((_, i) => i);
  return axes.reduce((value, bare, i) => {
    const axis = bare + lead;
    const [before, after] = [pads[i]!, pads[i + axes.length]!];
    const kept = slice(value, axis, Math.max(before, 0), value.shape[axis]! - Math.max(after, 0));
    return padAxis(kept, axis, Math.max(-before, 0), Math.max(-after, 0)); // Negative pads cut.
  }, g);
}

/** Adds each gathered slice back to where it came from. */
function gatherAdjoint(node: Node, g: Value, lead: number): Value {
  const [x, indices] = node.inputs as readonly [Value, Value];
  const axis = normalizeAxis("Gather", (node.attributes.axis as number | undefined) ?? 0, x.shape);
  const outer = sizeOf([...rowsOf(g, lead), ...x.shape.slice(0, axis)]);
  const inner = stridesOf(x.shape)[axis]!;
  const count = sizeOf(indices.shape);
  const at = expand(reshape(cast(indices, "int64"), [1, count, 1]), [outer, count, inner]);
  const nothing = expand(scalar(0, g.dtype), [outer, x.shape[axis]!, inner]);
  const amounts = reshape(g, [outer, count, inner]);
  const scattered = apply("ScatterElements", [nothing, at, amounts], { axis: 1, reduction: "add" });
  return reshape(scattered, [...rowsOf(g, lead), ...x.shape]);
}

function transposeAdjoint(node: Node, g: Value, lead: number): Value {
  const rank = node.inputs[0]!.shape.length;
  const perm =
    (node.attributes.perm as readonly number[] | undefined) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const leading = Array.from({ length: lead }, (_, i) => i);
  return transpose(g, [...leading, ...perm.map((_, i) => perm.indexOf(i) + lead)]);
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
  Gather: (node, g, lead) => [() => gatherAdjoint(node, g, lead)],
};

/** One thunk an input that elements move from, or undefined where the operator computes. */
export function structuralAdjoint(
  node: Node,
  arriving: readonly (Value | undefined)[],
  lead: number,
): readonly (() => Value)[] | undefined {
  return ADJOINTS[node.op]?.(node, arriving.find((g) => g !== undefined)!, lead, arriving);
}
