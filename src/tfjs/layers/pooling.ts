import { apply } from "../../graph/apply.js";
import { mean, padAxis, reduceMax, scalar, slice } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { channelsFirst, channelsLast, pooling, resized } from "../channels-last.js";
import type { Layer, LayerBuilder, LayerTable } from "./layer.js";

const poolingOf =
  (rank: number, kind: "max" | "mean"): LayerBuilder =>
  (layer) => {
    layer.requireChannelsLast();
    const size = layer.numbers("pool_size", rank, 2);
    const strides = layer.numbers("strides", rank, size);
    return pooling(layer.input, kind, size, { strides, padding: layer.padding() });
  };

/** Over all places: [N, spatial…, C] → [N, C]. */
const overAll =
  (rank: number, f: (x: Value, axes: readonly number[], keepdims: boolean) => Value): LayerBuilder =>
  (layer) => {
    layer.requireChannelsLast();
    const axes = Array.from({ length: rank }, (_, i) => i + 2);
    return f(channelsFirst(layer.input), axes, layer.flag("keepdims", false));
  };

/** Elements before and after each of two axes: one number, one per axis, or two per axis. */
function borders(layer: Layer, key: string, fallback: number): [[number, number], [number, number]] {
  const given = own(layer.config, key) ?? fallback;
  const pair = Array.isArray(given) ? given : [given, given];
  const [rows, columns] = pair.map((side) => (Array.isArray(side) ? side : [side, side])) as [number[], number[]];
  if (pair.length !== 2 || ![rows, columns].every((side) => side.length === 2 && side.every(Number.isInteger)))
    throw layer.error(`${key}: found ${JSON.stringify(given)}, expected whole numbers for two axes`);
  return [rows as [number, number], columns as [number, number]];
}

/** An image larger by whole factors. */
function upSampling(layer: Layer): Value {
  layer.requireChannelsLast();
  const [, height, width] = layer.input.shape as [number, number, number];
  const [down, across] = layer.numbers("size", 2, 2) as [number, number];
  const isNearest = layer.text("interpolation", "nearest") === "nearest";
  return resized(layer.input, [height * down, width * across], isNearest ? "nearest" : "linear", "asymmetric");
}

/** Pooling, and layers that change an image's size. */
export const POOLING: LayerTable = {
  MaxPooling1D: poolingOf(1, "max"),
  MaxPooling2D: poolingOf(2, "max"),
  AveragePooling1D: poolingOf(1, "mean"),
  AveragePooling2D: poolingOf(2, "mean"),
  GlobalMaxPooling1D: overAll(1, reduceMax),
  GlobalMaxPooling2D: overAll(2, reduceMax),
  GlobalAveragePooling1D: overAll(1, mean),
  GlobalAveragePooling2D: overAll(2, mean),
  UpSampling2D: upSampling,
  ZeroPadding2D: (layer) => {
    layer.requireChannelsLast();
    const x = channelsFirst(layer.input);
    const [rows, columns] = borders(layer, "padding", 1);
    return channelsLast(padAxis(padAxis(x, 2, ...rows), 3, ...columns));
  },
  Cropping2D: (layer) => {
    layer.requireChannelsLast();
    const x = channelsFirst(layer.input);
    const [rows, columns] = borders(layer, "cropping", 0);
    const cut = slice(x, 2, rows[0], x.shape[2]! - rows[1]);
    return channelsLast(slice(cut, 3, columns[0], x.shape[3]! - columns[1]));
  },
  Rescaling: (layer) => {
    const scaled = apply("Mul", [layer.input, scalar(layer.number("scale", 1))]);
    return apply("Add", [scaled, scalar(layer.number("offset", 0))]);
  },
};
