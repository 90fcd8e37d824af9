import { matmul, matrixTranspose, reshape, sum, tensor } from "../graph/build.js";
import { type ResizedAxis, resizedAxes } from "../graph/operators/resize.js";
import type { Inference } from "../graph/operators/spec.js";
import { sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { inferenceOf } from "./rule.js";

/** The input coordinate of output element `o` of an axis, by coordinate_transformation_mode. */
const COORDINATE: Readonly<Record<string, (o: number, axis: ResizedAxis) => number>> = {
  half_pixel: (o, { scale }) => (o + 0.5) / scale - 0.5,
  pytorch_half_pixel: (o, { scale, to }) => (to > 1 ? (o + 0.5) / scale - 0.5 : 0),
  align_corners: (o, { from, to }) => (to === 1 ? 0 : (o * (from - 1)) / (to - 1)),
  asymmetric: (o, { scale }) => o / scale,
  half_pixel_symmetric: (o, { from, to, scale }) => {
    const adjustment = to / (scale * from);
    return (from / 2) * (1 - adjustment) + (o + 0.5) / scale - 0.5;
  },
};

/** The element nearest to a coordinate, by nearest_mode. */
const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => (x - Math.floor(x) === 0.5 ? Math.floor(x) : Math.round(x)),
  round_prefer_ceil: Math.round,
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Weights of one axis of a Resize, [to, from] row-major. */
function weightsOf(node: Node, inference: Inference, axis: ResizedAxis): Float64Array {
  const mode = inference.string("mode", "nearest");
  const coordinates = inference.string("coordinate_transformation_mode", "half_pixel");
  const nearest = NEAREST[inference.string("nearest_mode", "round_prefer_floor")];
  const coordinate = COORDINATE[coordinates];
  if (!coordinate || !nearest || mode === "cubic" || inference.int("antialias", 0) === 1)
    throw new RangeError(
      `node "${node.label}": Resize of mode ${mode}, ${coordinates}, antialias ${inference.int("antialias", 0)} has no gradient`,
    );
  const { from, to } = axis;
  const clamped = (i: number) => Math.min(Math.max(i, 0), from - 1);
  const weights = new Float64Array(to * from);
  for (let o = 0; o < to; o++) {
    // Runtimes compute coordinates in float32.
    const x = Math.fround(coordinate(o, axis));
    if (mode === "nearest") weights[o * from + clamped(nearest(x))]! += 1;
    else {
      const within = clamped(x);
      const low = Math.floor(within);
      weights[o * from + low]! += 1 - (within - low);
      weights[o * from + clamped(low + 1)]! += within - low;
    }
  }
  return weights;
}

/** The number of copies of each element along an axis, where all have equally many and in order. */
function repeats(weights: Float64Array, { from, to }: ResizedAxis): number | undefined {
  const times = to / from;
  if (!Number.isInteger(times)) return undefined;
  for (let o = 0; o < to; o++) if (weights[o * from + Math.floor(o / times)] !== 1) return undefined;
  return times;
}

/**
 * The adjoint of Resize (nearest or linear): [rows…, …out] → [rows…, …in]. Axis by axis, a sum of the copies where
 * elements are repeated, else a product with the matrix of weights.
 */
export function resizeAdjoint(node: Node, g: Value, lead: number): Value {
  const inference = inferenceOf(node);
  return resizedAxes(inference).reduce((value, axis) => {
    if (axis.from === axis.to && axis.scale === 1) return value;
    const at = axis.axis + lead;
    const [before, after] = [value.shape.slice(0, at), value.shape.slice(at + 1)];
    const weights = weightsOf(node, inference, axis);
    const times = repeats(weights, axis);
    if (times !== undefined) return sum(reshape(value, [...before, axis.from, times, ...after]), [at + 1]);
    const matrix = tensor(g.dtype, [axis.to, axis.from], weights);
    if (after.length === 0) return matmul(value, matrix);
    const flat = reshape(value, [sizeOf(before), axis.to, sizeOf(after)]);
    return reshape(matmul(matrixTranspose(matrix), flat), [...before, axis.from, ...after]);
  }, g);
}

/** True where a Resize only copies elements. */
export const onlyCopies = (node: Node): boolean => (node.attributes.mode ?? "nearest") === "nearest";
