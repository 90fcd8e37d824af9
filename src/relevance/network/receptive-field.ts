import { inferenceOf } from "../../backward/rule.js";
import { apply } from "../../graph/apply.js";
import { div, full, padAxis, reshape, slice, tensor } from "../../graph/build.js";
import { windowOf } from "../../graph/operators/linear.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import type { Analysis } from "../contract/facts.js";

/** The pixels that each cell of a map sees, by height and width: `extent` pixels from `stride`·cell − `before` on. */
export interface ReceptiveField {
  readonly extent: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly before: readonly [number, number];
}

const PIXEL: ReceptiveField = { extent: [1, 1], stride: [1, 1], before: [0, 0] };

/** The receptive field of a map's cells in its image, or undefined where operators without windows lie between. */
export function receptiveField(value: Value, analysis: Analysis): ReceptiveField | undefined {
  const { node } = value;
  if (node.op === "Input") return PIXEL;
  const { map } = traitsOf(node.op);
  if (map === "lost") return undefined;
  const sources = node.inputs.filter((v): v is Value => v !== undefined && analysis.isDependent(v));
  const fields = sources.map((source) => receptiveField(source, analysis));
  if (fields.length === 0 || fields.some((field) => field === undefined)) return undefined;
  const widest = (fields as ReceptiveField[]).reduce((a, b) => (b.extent[0] > a.extent[0] ? b : a));
  return map === "window" ? through(node, widest) : widest;
}

function through(node: Node, { extent, stride, before }: ReceptiveField): ReceptiveField {
  const [x, weight] = node.inputs as readonly [Value, Value?];
  const kernel = node.op === "Conv" ? weight!.shape.slice(2) : (node.attributes.kernel_shape as readonly number[]);
  const { strides, dilations, pads } = windowOf(inferenceOf(node), x.shape.slice(2), kernel);
  const each = (of: (axis: 0 | 1) => number): [number, number] => [of(0), of(1)];
  return {
    extent: each((i) => extent[i] + dilations[i]! * (kernel[i]! - 1) * stride[i]),
    stride: each((i) => stride[i] * strides[i]!),
    before: each((i) => before[i] + pads[i]! * stride[i]),
  };
}

/**
 * Brings a map back to pixels: spreads each cell's amount evenly over the pixels that it sees, by a transposed
 * convolution with a kernel of ones (Nikulin et al. 2019, §3).
 * @param map [rows, h, w]
 * @returns [rows, height, width] of the same sum
 */
export function toPixels(map: Value, field: ReceptiveField, height: number, width: number): Value {
  const [rows, h, w] = map.shape as [number, number, number];
  const { extent, stride, before } = field;
  const seen = [seenPixels(field, 0, h, height), seenPixels(field, 1, w, width)] as const;
  const counts = seen[0].flatMap((tall) => seen[1].map((wide) => Math.max(1, tall * wide)));
  const even = div(reshape(map, [rows, 1, h, w]), tensor("float32", [1, 1, h, w], counts));
  const spread = apply("ConvTranspose", [even, full([1, 1, ...extent], 1)], { strides: [...stride] });
  const fitted = [height, width].reduce((value, pixels, i) => {
    const axis = i + 2;
    const kept = slice(value, axis, before[i]!, Math.min(before[i]! + pixels, value.shape[axis]!));
    return padAxis(kept, axis, 0, pixels - kept.shape[axis]!);
  }, spread);
  return reshape(fitted, [rows, height, width]);
}

/** Number of pixels along an axis that each cell sees: fewer where its window reaches over the edge. */
function seenPixels({ extent, stride, before }: ReceptiveField, axis: 0 | 1, cells: number, pixels: number): number[] {
  return Array.from({ length: cells }, (_, cell) => {
    const from = cell * stride[axis] - before[axis];
    return Math.max(0, Math.min(pixels, from + extent[axis]) - Math.max(0, from));
  });
}
