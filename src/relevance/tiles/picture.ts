import { expand, input, matmul, reshape, scalar } from "../../graph/build.js";
import { ShapeError, sizeOf } from "../../graph/shape.js";
import { substitute } from "../../graph/substitute.js";
import { traitsOf } from "../../graph/traits.js";
import { type Node, topologicalOrder, type Value } from "../../graph/value.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { ExplainedNetwork } from "../network/network.js";
import { type ReceptiveField, receptiveField } from "../network/receptive-field.js";

/** A value of the whole picture's network, and the same value of the smaller picture's. */
export interface Twin {
  readonly whole: Value;
  readonly small: Value;
  /** Axes of height and width. */
  readonly axes: readonly [number, number];
  /** Elements of the value along each axis that one cell of the map takes. */
  readonly stride: readonly [number, number];
}

/**
 * The network from an image to a feature map, for a smaller picture. Where its values are given windows of the whole
 * picture's, relevance of the middle of its map goes the way it goes in the whole picture.
 */
export interface SmallerPicture {
  readonly network: Network;
  readonly map: Value;
  readonly image: Value;
  readonly twins: readonly Twin[];
  /** Cells of the map around the middle whose windows reach beyond the picture, by height and width. */
  readonly margins: Readonly<Record<"lower" | "upper", readonly [number, number]>>;
}

/**
 * @param map a feature map [1, C, H, W] of one image
 * @param tile cells of the map between the margins, along either axis
 * @returns undefined where the nodes between image and map do more than see windows, or the picture would not be smaller
 */
export function smallerPicture(
  network: Network,
  image: SubjectImage,
  map: Value,
  tile: number,
): SmallerPicture | undefined {
  const { analysis } = network.context;
  const whole = network.subject.graph.inputs.get(image.input)!;
  const chain = topologicalOrder([map]).filter(({ outputs }) => outputs.some((value) => analysis.isDependent(value)));
  if (whole.shape.length !== 4 || whole.shape[0] !== 1 || !chain.every(isLocal)) return undefined;
  const values = chain.map(({ outputs }) => outputs[0]!);
  const fields = values.map((value) => receptiveField(value, analysis)!);
  const cells = map.shape.slice(2) as [number, number];
  const { stride } = fields.at(-1)!;
  const axes = heightAndWidth(whole.shape, image);
  const smaller = (by: readonly [number, number]) => {
    const shape = whole.shape.map(
      (d, axis) =>
        d - (axes.includes(axis) ? stride[axes.indexOf(axis) as 0 | 1] * by[axes.indexOf(axis) as 0 | 1] : 0),
    );
    return shape.every((d) => d > 0) ? twinsOf(values, whole, input(image.input, whole.dtype, shape), by) : undefined;
  };
  const trial = smaller([1, 1]);
  if (!trial) return undefined;
  const margins = marginsOf(trial, fields, cells);
  const less = both((i) => cells[i] - tile - margins.lower[i] - margins.upper[i]);
  const twins = less.every((by) => by > 0) ? smaller(less) : undefined;
  if (!twins) return undefined;
  const [picture, top] = [twins.find((one) => one.whole === whole)!.small, twins.at(-1)!.small];
  return { network: networkOf(network, image, picture, top), map: top, image: picture, twins, margins };
}

const both = <T>(of: (axis: 0 | 1) => T): [T, T] => [of(0), of(1)];

/** True for operators whose output at a place depends on a window around it. */
function isLocal({ op }: Node): boolean {
  const { elementwise, map } = traitsOf(op);
  return op === "Input" || op === "Transpose" || elementwise === true || map === "window";
}

/** Undefined where a value's extents do not follow the map's, which is smaller by so many cells. */
function twinsOf(
  values: readonly Value[],
  whole: Value,
  picture: Value,
  by: readonly [number, number],
): Twin[] | undefined {
  try {
    const twins = substitute(values, new Map([[whole, picture]])).map((small, k) => twin(values[k]!, small, by));
    return twins.every((one) => one !== undefined) ? (twins as Twin[]) : undefined;
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

function twin(whole: Value, small: Value, by: readonly [number, number]): Twin | undefined {
  const axes = whole.shape.flatMap((d, axis) => (d !== small.shape[axis] ? [axis] : []));
  if (axes.length !== 2 || small.shape.length !== whole.shape.length) return undefined;
  const stride = both((i) => (whole.shape[axes[i]!]! - small.shape[axes[i]!]!) / by[i]);
  return stride.every(Number.isInteger) ? { whole, small, axes: axes as [number, number], stride } : undefined;
}

/**
 * Cells around a tile that the windows of its cells reach, at any value between image and map. What lies further away
 * has no part in the tile's relevance.
 */
function marginsOf(
  twins: readonly Twin[],
  fields: readonly ReceptiveField[],
  cells: readonly [number, number],
): SmallerPicture["margins"] {
  const top = fields.at(-1)!;
  const each = twins.map(({ whole, axes, stride }, k) => {
    const field = fields[k]!;
    return both((i) => {
      const before = (top.before[i] - field.before[i]) / field.stride[i];
      const after = (top.extent[i] - field.extent[i]) / field.stride[i] - before;
      // A value has elements behind the map's last cell; windows of the value have as many.
      const rest = whole.shape[axes[i]]! - stride[i] * cells[i];
      return { lower: Math.ceil(before / stride[i]), upper: Math.ceil((after + 1 - rest) / stride[i]) - 1 };
    });
  });
  const most = (side: "lower" | "upper") => both((i) => Math.max(0, ...each.map((margin) => margin[i][side])));
  return { lower: most("lower"), upper: most("upper") };
}

/** The smaller picture's network, with one layer behind the map that makes as many torques. */
function networkOf({ subject, importance, depth, torques }: Network, image: SubjectImage, picture: Value, map: Value) {
  const cells = sizeOf(map.shape);
  const torque = matmul(reshape(map, [1, cells]), expand(scalar(1, map.dtype), [cells, torques]));
  const graph = {
    ...subject.graph,
    inputs: new Map([[image.input, picture]]),
    outputs: new Map([[subject.torque, torque]]),
  };
  return new ExplainedNetwork({ ...subject, graph, modalities: [image] }, importance, depth);
}
