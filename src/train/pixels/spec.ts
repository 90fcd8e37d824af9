import type { Attention } from "../attention/module.js";

/** A convolution with biases, followed by a ReLU. */
export interface Convolution {
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zeros on every side, default none. */
  readonly padding?: number;
  /** True without the ReLU. */
  readonly linear?: boolean;
}

/** Layers from images to a hidden layer, which policy and value share. */
export interface PixelLayers {
  readonly convolutions: readonly Convolution[];
  readonly attention?: Attention;
  /** True where the hidden layer reads the features' sums over places. */
  readonly pooled?: boolean;
  /** Units of the hidden linear layer, followed by a ReLU. */
  readonly hidden: number;
}

/** Images in, a policy and a value out. */
export interface PixelSpec extends PixelLayers {
  /** Image, pixels; channels of all its frames. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Extents of a map [C, H, W]. */
export interface MapSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

const extentAfter = (extent: number, { kernel, stride, padding = 0 }: Convolution): number =>
  Math.floor((extent + 2 * padding - kernel) / stride) + 1;

/** The map behind each convolution. */
export function mapsOf({ channels, height, width, convolutions }: PixelSpec): MapSize[] {
  let size: MapSize = { channels, height, width };
  return convolutions.map((convolution) => {
    const { height, width } = size;
    size = {
      channels: convolution.filters,
      height: extentAfter(height, convolution),
      width: extentAfter(width, convolution),
    };
    return size;
  });
}

/** Numbers of the convolutions with attention behind them, from 1 on. */
export const attended = ({ attention, convolutions }: PixelLayers): readonly number[] =>
  attention === undefined ? [] : attention.kind === "fls" ? attention.after : [convolutions.length];

/** True where the hidden layer reads one vector of features, not a map. */
export const readsOnePlace = ({ attention, pooled = false }: PixelLayers): boolean =>
  pooled || attention?.kind === "daqn";
