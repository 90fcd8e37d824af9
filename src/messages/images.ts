import type { Explanation } from "../explain/explanation.js";
import { bytesPerPixel, type HeatmapOptions, normalize, type OverlayOptions, overlay } from "../explain/overlay.js";
import { encodeJpeg } from "./encode.js";
import { toHeader } from "./robot.js";
import type { CompressedImageMessage, ImageMessage } from "./types.js";

/** Largest grey of a mono16 image. */
const WHITE = 65535;

/** The camera image as it came; `undefined` where the observation has no such camera. */
export function toImage({ observation }: Explanation, camera: string): ImageMessage | undefined {
  const image = observation.images[camera];
  if (!image) return undefined;
  const step = image.width * bytesPerPixel(image.encoding);
  if (image.data.length !== step * image.height) {
    throw new Error(`image ${camera}: ${image.data.length} bytes, expected ${image.height} rows of ${step}`);
  }
  return {
    header: toHeader(observation, camera),
    height: image.height,
    width: image.width,
    encoding: image.encoding,
    is_bigendian: 0,
    step,
    data: image.data,
  };
}

/** Relevance as grey 0..65535, little-endian; `undefined` below level `full`. */
export function toMono16(
  { observation, heatmaps }: Explanation,
  camera: string,
  options: HeatmapOptions = {},
): ImageMessage | undefined {
  const heatmap = heatmaps[camera];
  if (!heatmap) return undefined;
  const levels = normalize(heatmap, { negative: "hide", ...options });
  const grey = new Uint16Array(levels.length);
  for (let i = 0; i < grey.length; i++) grey[i] = Math.round(WHITE * levels[i]!);
  return {
    header: toHeader(observation, camera),
    height: heatmap.height,
    width: heatmap.width,
    encoding: "mono16",
    is_bigendian: 0,
    step: 2 * heatmap.width,
    data: new Uint8Array(grey.buffer),
  };
}

/**
 * The heatmap over the camera image as JPEG; `undefined` below level `full`.
 * The pixels are read before this returns, the JPEG is made beside the event loop.
 */
export function toOverlay(
  { observation, heatmaps }: Explanation,
  camera: string,
  options: OverlayOptions = {},
): Promise<CompressedImageMessage> | undefined {
  const image = observation.images[camera];
  const heatmap = heatmaps[camera];
  if (!image || !heatmap) return undefined;
  const header = toHeader(observation, camera);
  return encodeJpeg(overlay(image, heatmap, options)).then((data) => ({
    header,
    format: "rgb8; jpeg compressed bgr8",
    data,
  }));
}
