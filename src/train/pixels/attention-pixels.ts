import { apply } from "../../graph/apply.js";
import { add, full } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Convolution, PixelSpec } from "./spec.js";

/** What a place of a map sees: pixels of a map before it, its stride, and how far the first place reaches beyond the edge. */
export interface Field {
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

/** The receptive field of a place behind some convolutions. */
export function fieldOf(convolutions: readonly Convolution[]): Field {
  let field: Field = { size: 1, stride: 1, padding: 0 };
  for (const { kernel, stride, padding = 0 } of convolutions) {
    field = {
      size: field.size + (kernel - 1) * field.stride,
      stride: field.stride * stride,
      padding: field.padding + padding * field.stride,
    };
  }
  return field;
}

/**
 * Attention on pixels [B, 1, H, W] (Nikulin et al. 2019, §3): every place's weight, drawn over its receptive field and
 * summed, as a transposed convolution with a kernel of ones. Maps behind several convolutions are brought to the first
 * one's places in the same way, and summed there.
 * @param maps [B, 1, h, w] by the number of the convolution that they are behind, at least one
 */
export function attentionOnPixels(spec: PixelSpec, maps: ReadonlyMap<number, Value>): Value {
  const { convolutions, height, width } = spec;
  const [first, ...others] = [...maps].sort(([a], [b]) => a - b) as [[number, Value], ...[number, Value][]];
  const [at, map] = first;
  const [rows, columns] = map.shape.slice(2) as [number, number];
  const all = others.reduce(
    (sum, [number, deeper]) => add(sum, drawn(deeper, fieldOf(convolutions.slice(at, number)), rows, columns)),
    map,
  );
  return drawn(all, fieldOf(convolutions.slice(0, at)), height, width);
}

/** Each place's weight on all that its field covers of a map of `height` × `width`. */
function drawn(map: Value, { size, stride, padding }: Field, height: number, width: number): Value {
  const [rows, columns] = map.shape.slice(2) as [number, number];
  const missing = (extent: number, places: number): number => extent - ((places - 1) * stride + size - 2 * padding);
  return apply("ConvTranspose", [map, full([1, 1, size, size], 1)], {
    strides: [stride, stride],
    pads: Array<number>(4).fill(padding),
    output_padding: [missing(height, rows), missing(width, columns)],
  });
}
