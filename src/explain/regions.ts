import { regionsOf, segmentsOf } from "../image/xrai.js";
import type { ImageModality } from "../policy/modalities.js";
import type { TensorData } from "../runtime/session.js";

/** Relevance of each pixel's region (XRAI) in place of its own, [H, W], on the newest image of a fed tensor. */
export function ofRegions(relevance: Float32Array, { data }: TensorData, image: ImageModality): Float32Array {
  const { width, height, channels } = image;
  return Float32Array.from(regionsOf(relevance, segmentsOf(newest(data, image), [height, width, channels])).map);
}

/** The newest image, [H, W, C]. */
function newest(data: TensorData["data"], image: ImageModality): Float64Array {
  const { width, height, channels, frames, stacking, layout } = image;
  const grouped = stacking === "channels" ? channels * frames : channels;
  const start = data.length - width * height * grouped;
  const skipped = grouped - channels;
  return Float64Array.from({ length: width * height * channels }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), skipped + (i % channels)];
    return Number(data[start + (layout === "NHWC" ? pixel * grouped + channel : channel * width * height + pixel)]);
  });
}
