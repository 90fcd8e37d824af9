import { inferenceOf } from "../../../../backward/rule.js";
import { dtypeOf, isFloat } from "../../../../graph/dtype.js";
import { sliceRanges } from "../../../../graph/operators/structural.js";
import { normalizeAxis } from "../../../../graph/shape.js";
import type { Node, Value } from "../../../../graph/value.js";
import { own } from "../../../../own.js";

/** A value that shows the image pixel by pixel, scaled and shifted: a mask of the image is a mask of it. */
export interface Pixels {
  /** Axes of height and width. */
  readonly axes: readonly [number, number];
  /** Place of the image's first pixel on them. */
  readonly offset: readonly [number, number];
}

type PixelRule = (node: Node, of: (value: Value) => Pixels | undefined) => Pixels | undefined;

const moved = ({ axes: [h, w], offset }: Pixels, to: (axis: number) => number): Pixels => ({
  axes: [to(h), to(w)],
  offset,
});

/** Affine in all operands that show the image, which lie on the same pixels. */
const affine: PixelRule = (node, of) => {
  const rank = node.outputs[0]!.shape.length;
  const found = node.inputs.flatMap((value) => {
    const pixels = value && of(value);
    if (!pixels) return [];
    const lead = rank - value.shape.length;
    return [moved(pixels, (axis) => axis + lead)];
  });
  const [first, ...others] = found;
  return first && others.every((other) => isSame(first, other)) ? first : undefined;
};

const isSame = (a: Pixels, b: Pixels) => [0, 1].every((i) => a.axes[i] === b.axes[i] && a.offset[i] === b.offset[i]);

const affineIn =
  (most: number): PixelRule =>
  (node, of) =>
    node.inputs.every((value, i) => i < most || !value || !of(value)) ? affine(node, of) : undefined;

const product: PixelRule = (node, of) =>
  node.inputs.filter((value) => value && of(value)).length === 1 ? affine(node, of) : undefined;

const cast: PixelRule = (node, of) => {
  const to = dtypeOf(inferenceOf(node).int("to", 1));
  return to && isFloat(to) ? affine(node, of) : undefined;
};

const transposed: PixelRule = (node, of) => {
  const pixels = of(node.inputs[0]!);
  const { length } = node.inputs[0]!.shape;
  const reversed = Array.from({ length }, (_, i) => length - 1 - i);
  const perm = inferenceOf(node).intsAttribute("perm", reversed);
  return pixels && moved(pixels, (axis) => perm.indexOf(axis));
};

/** Height and width are axes of the new shape, too: as many elements lie before them, and they have the same extent. */
const reshaped: PixelRule = (node, of) => {
  const pixels = of(node.inputs[0]!);
  const [from, to] = [node.inputs[0]!.shape, node.outputs[0]!.shape];
  const before = (shape: readonly number[], axis: number) => shape.slice(0, axis).reduce((n, d) => n * d, 1);
  const found =
    pixels &&
    moved(pixels, (axis) =>
      to.findIndex((extent, i) => extent === from[axis] && extent > 1 && before(to, i) === before(from, axis)),
    );
  return found?.axes.includes(-1) ? undefined : found;
};

const joined: PixelRule = (node, of) => {
  const axis = normalizeAxis("Concat", inferenceOf(node).int("axis", 0), node.outputs[0]!.shape);
  const pixels = affine(node, of);
  return pixels?.axes.includes(axis) ? undefined : pixels;
};

/** A crop moves the first pixel to a place before the map. */
const sliced: PixelRule = (node, of) => {
  const pixels = of(node.inputs[0]!);
  if (!pixels) return undefined;
  const offset: [number, number] = [...pixels.offset];
  for (const { axis, start, step } of sliceRanges(inferenceOf(node))) {
    const i = pixels.axes.indexOf(axis);
    if (i === -1) continue;
    if (step !== 1) return undefined;
    offset[i as 0 | 1] -= start;
  }
  return { ...pixels, offset };
};

/** What is picked along other axes stays where it is; several outputs are not followed. */
const picked: PixelRule = (node, of) => {
  const [x, indices] = node.inputs as readonly [Value, Value];
  const pixels = of(x);
  const axis = normalizeAxis("Gather", inferenceOf(node).int("axis", 0), x.shape);
  if (!pixels || of(indices) || pixels.axes.includes(axis)) return undefined;
  const more = indices.shape.length - 1;
  return moved(pixels, (at) => (at > axis ? at + more : at));
};

const padded: PixelRule = (node, of) => {
  const pixels = of(node.inputs[0]!);
  const inference = inferenceOf(node);
  if (!pixels || inference.string("mode", "constant") !== "constant") return undefined;
  const pads = inference.ints(1, "pads");
  const { shape } = node.inputs[0]!;
  const axes = node.inputs[3] ? inference.ints(3, "axes") : shape.map((_, i) => i);
  const offset: [number, number] = [...pixels.offset];
  for (const [i, axis] of axes.entries()) {
    const at = pixels.axes.indexOf(normalizeAxis("Pad", axis, shape));
    if (at !== -1) offset[at as 0 | 1] += pads[i]!;
  }
  return { ...pixels, offset };
};

const RULES: Readonly<Record<string, PixelRule>> = {
  Identity: affine,
  Dropout: affine,
  Cast: cast,
  Neg: affine,
  Add: affine,
  Sub: affine,
  Mul: product,
  Div: affineIn(1),
  BatchNormalization: affineIn(1),
  Transpose: transposed,
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Concat: joined,
  Slice: sliced,
  Gather: picked,
  Pad: padded,
};

/** How a node shows the image, or undefined where it does more than scale, shift and move pixels. */
export const pixelsAfter: PixelRule = (node, of) =>
  node.outputs.length === 1 ? own(RULES, node.op)?.(node, of) : undefined;
