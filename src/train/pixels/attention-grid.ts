import { apply } from "../../graph/apply.js";
import { add, full } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { type Field, fieldOf } from "../attention/field.js";
import { attended, type PixelLayers } from "./spec.js";

/**
 * Attention on the places of the first map [B, 1, h, w] (Nikulin et al. 2019, §3): a map behind further convolutions has
 * every place's weight drawn over its receptive field there, and all are summed. The policy card says what a place sees
 * of the image (`placeField`), and the program draws it.
 * @param maps [B, 1, h, w] by the number of the convolution that they are behind, at least one
 */
export function attentionGrid({ convolutions }: PixelLayers, maps: ReadonlyMap<number, Value>): Value {
  const [first, ...others] = [...maps].sort(([a], [b]) => a - b) as [[number, Value], ...[number, Value][]];
  const [at, map] = first;
  const [rows, columns] = map.shape.slice(2) as [number, number];
  return others.reduce(
    (sum, [number, deeper]) => add(sum, drawn(deeper, fieldOf(convolutions.slice(at, number)), rows, columns)),
    map,
  );
}

/** What a place of a network's `attentionGrid` sees of the image. */
export const placeField = (layers: PixelLayers): Field =>
  fieldOf(layers.convolutions.slice(0, Math.min(...attended(layers))));

/**
 * Each place's weight [B, 1, h, w] on all that its field covers of a map of `height` × `width`, summed where fields overlap,
 * as a transposed convolution with a kernel of ones.
 */
export function drawn(map: Value, { size, stride, padding }: Field, height: number, width: number): Value {
  const [rows, columns] = map.shape.slice(2) as [number, number];
  const missing = (extent: number, places: number): number => extent - ((places - 1) * stride + size - 2 * padding);
  return apply("ConvTranspose", [map, full([1, 1, size, size], 1)], {
    strides: [stride, stride],
    pads: Array<number>(4).fill(padding),
    output_padding: [missing(height, rows), missing(width, columns)],
  });
}
