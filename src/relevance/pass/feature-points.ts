import { concat, matmul, reshape, slice, tensor, transpose } from "../../graph/build.js";
import { fold } from "../../graph/fold.js";
import { isRearranged, isScaled } from "../../graph/kinds.js";
import { Literal } from "../../graph/literal.js";
import { normalizeAxis, sizeOf } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import type { Analysis, Context } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { receptiveField } from "../network/receptive-field.js";

/**
 * Feature points of a policy's soft-argmax: the expected position of each probability map (Levine et al. 2016), [K, 2],
 * x and y in pixels of the image's tensor, pixel centres at whole numbers. A map's cell stands for the middle of its
 * receptive field, or for its part of the image where there is none. Of a window in time, the latest image's.
 * @returns undefined where no soft-argmax reads this image alone, or the cells of its maps cannot be traced
 */
export function featurePoints(image: SubjectImage, context: Context): Value | undefined {
  const { analysis, subject } = context;
  const { shape } = subject.graph.inputs.get(image.input)!;
  const size = heightAndWidth(shape, image).map((axis) => shape[axis]!) as [number, number];
  const softmaxes = new Set<Node>();
  for (const node of analysis.order) {
    const pattern = analysis.pattern(node);
    if (pattern?.kind === "soft-argmax" && context.onlyImage(pattern.softmax) === image) softmaxes.add(pattern.softmax);
  }
  const points = [...softmaxes].flatMap((softmax) => pointsOf(softmax, analysis, size) ?? []);
  return points.length > 0 ? concat(points, 0) : undefined;
}

/** Expected positions of the maps that a Softmax makes, [K, 2]. */
function pointsOf({ inputs, outputs, attributes }: Node, analysis: Analysis, size: [number, number]) {
  const logits = inputs[0]!;
  const axis = normalizeAxis("Softmax", (attributes.axis as number | undefined) ?? -1, logits.shape);
  const cells = logits.shape[axis]!;
  const asRows = (value: Value) => {
    const others = value.shape.map((_, i) => i).filter((i) => i !== axis);
    return reshape(transpose(value, [...others, axis]), [-1, cells]);
  };
  const origin = originOf(asRows(logits), analysis);
  if (!origin) return undefined;
  const { map, elements } = origin;
  const [images, channels, h, w] = map.shape as [number, number, number, number];
  if (h * w !== cells) return undefined;
  const places = Array.from(elements.subarray(0, cells), (element) => element % cells);
  const isRow = (row: number) =>
    places.every((place, c) => elements[row * cells + c] === elements[row * cells]! - places[0]! + place);
  const maps = asRows(outputs[0]!);
  const rows = Array.from({ length: images * channels }, (_, row) => row);
  if (!rows.every(isRow)) return undefined;
  const imageOf = (row: number) => Math.floor(elements[row * cells]! / (channels * cells));
  const first = rows.findIndex((row) => imageOf(row) === images - 1);
  if (!rows.slice(first, first + channels).every((row) => imageOf(row) === images - 1)) return undefined;
  const pixels = pixelsOf(map, analysis, size);
  const grid = tensor(
    "float32",
    [cells, 2],
    places.flatMap((place) => [pixels.x[place % w]!, pixels.y[Math.floor(place / w)]!]),
  );
  return matmul(slice(maps, 0, first, first + channels), grid);
}

/**
 * The feature map [N, C, h, w] that a value is made of by moving and scaling elements, and for each element of the
 * value its index in the map.
 */
function originOf(value: Value, analysis: Analysis): { map: Value; elements: Float64Array } | undefined {
  const { node, shape } = value;
  const isMove = isRearranged(node.op);
  if (isMove || isScaled(node.op)) {
    const sources = isMove ? [node.inputs[0]!] : node.inputs.filter((v): v is Value => analysis.isDependent(v!));
    const [source] = sources;
    if (sources.length > 1 || sizeOf(source!.shape) !== sizeOf(shape)) return undefined;
    const origin = originOf(source!, analysis);
    if (!origin || !isMove) return origin;
    const before = Literal.from("float32", source!.shape, origin.elements);
    const moved = fold(node, (v) => (v === source ? before : v.literal))?.[value.index];
    return moved && { ...origin, elements: moved.numbers() };
  }
  // Float32 holds integers up to 2²⁴.
  if (shape.length !== 4 || sizeOf(shape) > 2 ** 24) return undefined;
  const elements = new Float64Array(sizeOf(shape));
  for (let i = 0; i < elements.length; i++) elements[i] = i;
  return { map: value, elements };
}

/** The pixel that each column and row of a map stands for. */
function pixelsOf(map: Value, analysis: Analysis, size: readonly [number, number]): { x: number[]; y: number[] } {
  const field = receptiveField(map, analysis);
  const along = (i: 0 | 1) =>
    Array.from({ length: map.shape[i + 2]! }, (_, at) =>
      field
        ? field.stride[i] * at - field.before[i] + (field.extent[i] - 1) / 2
        : ((at + 0.5) * size[i]) / map.shape[i + 2]! - 0.5,
    );
  return { x: along(1), y: along(0) };
}
