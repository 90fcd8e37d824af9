import { apply } from "../graph/apply.js";
import { cast, equal, expand, int64, matmul, reshape, slice, sum, tensor, transpose } from "../graph/build.js";
import type { DType } from "../graph/dtype.js";
import { type ResizedAxis, resizedAxes } from "../graph/operators/resize.js";
import { sizeOf } from "../graph/shape.js";
import type { Attributes, Node, Value } from "../graph/value.js";
import { own } from "../own.js";
import { inferenceOf } from "./rule.js";

const ROUNDED = ["round_prefer_floor", "round_prefer_ceil"];

/** By coordinate_transformation_mode: the nearest_modes by which a whole factor repeats every element. */
const REPEATING: Readonly<Record<string, readonly string[]>> = {
  asymmetric: ["floor"],
  half_pixel: ROUNDED,
  pytorch_half_pixel: ROUNDED,
  half_pixel_symmetric: ROUNDED,
};

const modeOf = (node: Node) => inferenceOf(node).string("mode", "nearest");
const coordinatesOf = (node: Node) => inferenceOf(node).string("coordinate_transformation_mode", "half_pixel");

/** The number of copies of each element along an axis, where all have equally many and in order. */
function repeats(node: Node, { from, to, scale }: ResizedAxis): number | undefined {
  const nearest = inferenceOf(node).string("nearest_mode", "round_prefer_floor");
  const repeated = modeOf(node) === "nearest" && own(REPEATING, coordinatesOf(node))?.includes(nearest);
  return repeated && Number.isInteger(scale) && to === from * scale ? scale : undefined;
}

/** [n, n], computed at run time: the file stays small. */
function identity(n: number, dtype: DType): Value {
  const places = tensor(
    "int64",
    [n],
    Array.from({ length: n }, (_, i) => i),
  );
  return cast(equal(reshape(places, [n, 1]), reshape(places, [1, n])), dtype);
}

/** An axis of one element, resized beside another: where no extent changes, a runtime copies whatever the scales are. */
const BESIDE: ResizedAxis = { axis: 3, from: 1, to: 2, scale: 2 };

function ownAttributes({ attributes }: Node): Attributes {
  const { axes: _, keep_aspect_ratio_policy: __, ...own } = attributes;
  return own;
}

/** An axis to resize beside another: scales or sizes of [1, 1, axis, beside] in the order of `place`. */
interface Given {
  readonly beside: ResizedAxis;
  readonly by: (place: (numbers: readonly number[]) => readonly number[]) => readonly (Value | undefined)[];
  readonly attributes?: (axes: readonly number[]) => Attributes;
}

function givenBy(node: Node, axis: ResizedAxis, all: readonly ResizedAxis[]): Given {
  const sizes = node.inputs[3]?.literal?.numbers() ?? new Float64Array();
  if (sizes.length === 0)
    return { beside: BESIDE, by: (place) => [tensor("float32", [4], place([1, 1, axis.scale, BESIDE.scale]))] };
  const policy = inferenceOf(node).string("keep_aspect_ratio_policy", "stretch");
  if (policy === "stretch")
    return { beside: BESIDE, by: (place) => [undefined, int64(place([1, axis.from, axis.to, BESIDE.to]))] };
  // The axis whose ratio decides for all axes comes along.
  const ratios = all.map(({ from }, i) => sizes[i]! / from);
  const first = ratios.indexOf(policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios));
  return {
    beside: all[first]!,
    by: () => [undefined, int64([sizes[all.indexOf(axis)]!, sizes[first]!])],
    attributes: (axes) => ({ axes, keep_aspect_ratio_policy: policy }),
  };
}

/**
 * The weights of one axis, [from, to]: the operator applied to unit vectors. So they are the runtime's own, whatever it
 * makes of coordinates, ties and edges.
 * @param all the axes of the node
 */
function weightsOf(node: Node, axis: ResizedAxis, all: readonly ResizedAxis[], dtype: DType): Value {
  const { beside, by, attributes } = givenBy(node, axis, all);
  // Runtimes treat maps whose channels come last differently.
  const isLast = node.inputs[0]!.shape.length === 4 && all.some(({ axis: at, scale }) => at === 1 && scale !== 1);
  const order = isLast ? [0, 2, 3, 1] : [0, 1, 2, 3];
  const { from, to } = axis;
  const units = expand(reshape(identity(from, dtype), [1, from, from, 1]), [1, from, from, beside.from]);
  const resized = apply(
    "Resize",
    [transpose(units, order), undefined, ...by((numbers) => order.map((at) => numbers[at]!))],
    { ...ownAttributes(node), ...attributes?.([2, 3].map((at) => order.indexOf(at))) },
  );
  const back = transpose(
    resized,
    order.map((_, at) => order.indexOf(at)),
  );
  return reshape(slice(back, 3, 0, 1), [from, to]);
}

/**
 * The adjoint of Resize: [rows…, …out] → [rows…, …in]. Axis by axis, a sum of the copies where elements are repeated,
 * else a product with the matrix of weights.
 */
export function resizeAdjoint(node: Node, g: Value, lead: number): Value {
  if (coordinatesOf(node) === "tf_crop_and_resize")
    throw new RangeError(`node "${node.label}": Resize by tf_crop_and_resize has no gradient`);
  const all = resizedAxes(inferenceOf(node));
  if (all.every(({ from, to }) => from === to)) return g;
  return all.reduce((value, axis) => {
    if (axis.from === axis.to && axis.scale === 1) return value;
    const at = axis.axis + lead;
    const [before, after] = [value.shape.slice(0, at), value.shape.slice(at + 1)];
    const times = repeats(node, axis);
    if (times !== undefined) return sum(reshape(value, [...before, axis.from, times, ...after]), [at + 1]);
    const weights = weightsOf(node, axis, all, g.dtype);
    if (after.length === 0) return matmul(value, transpose(weights, [1, 0]));
    const flat = reshape(value, [sizeOf(before), axis.to, sizeOf(after)]);
    return reshape(matmul(weights, flat), [...before, axis.from, ...after]);
  }, g);
}

/** True where a Resize only copies elements. */
export const onlyCopies = (node: Node): boolean => modeOf(node) === "nearest";

/** True where every output is an average: cubic interpolation has weights below zero, cropping adds a constant. */
export const averages = (node: Node): boolean =>
  modeOf(node) !== "cubic" && coordinatesOf(node) !== "tf_crop_and_resize";
