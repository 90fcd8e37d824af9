import type { Explanation } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import { encodeJpeg } from "../image/encode.js";
import { type HeatmapOptions, normalize } from "../image/heatmap.js";
import type { Image, Optics } from "../image/image.js";
import { pixelsOf } from "../image/pixel-formats.js";
import { own } from "../own.js";
import { DEFAULT_JPEG_QUALITY, type DisplayOptions } from "./display.js";
import { drawingOf, wholeImage } from "./drawing.js";
import { toHeader } from "./robot.js";
import type { CameraInfoMessage, CompressedImageMessage, Header, ImageMessage } from "./types.js";

/** Encodings of the heatmap's messages, which readers rely on: N·m per pixel, and grey of 16 bits. */
export const HEATMAP_ENCODING = "32FC1";
export const GREY_ENCODING = "mono16";
const OVERLAY_ENCODING = "rgb8";
export const JPEG_FORMAT = "rgb8; jpeg compressed bgr8";
/** Largest grey of 16 bits. */
const WHITE = 65535;

/** Heatmap options for grey: it has no sign, so negative relevance is hidden unless `magnitude` is asked for. */
export function greyOptions({ scale, negative }: HeatmapOptions): HeatmapOptions {
  return { scale, negative: negative === "magnitude" ? "magnitude" : "hide" };
}

/** The camera's whole image; undefined where there is no such camera. */
export function toImage({ observation }: Pick<Explanation, "observation">, camera: string): ImageMessage | undefined {
  const image = wholeImage(observation, camera);
  if (!image) return undefined;
  const { height, width, encoding, data } = image;
  const step = width * pixelsOf(encoding).bytes;
  if (data.length !== step * height) {
    throw new Error(`image ${camera}: ${data.length} bytes, expected ${height} rows of ${step}`);
  }
  return raw(toHeader(observation, camera), { height, width, encoding, step, data });
}

/** Calibration for `toImage`; undefined where it is not known. */
export function toCameraInfo(
  { observation }: Pick<Explanation, "observation">,
  camera: string,
): CameraInfoMessage | undefined {
  return calibration(observation, camera, wholeImage(observation, camera));
}

/** Calibration for heatmaps and attention, which have the size of the policy's image; undefined where it is not known. */
export function toHeatmapInfo(
  { observation, heatmaps, attention }: Explanation,
  camera: string,
): CameraInfoMessage | undefined {
  return (
    (own(heatmaps, camera) ?? own(attention, camera)) &&
    calibration(observation, camera, own(observation.images, camera))
  );
}

/** Relevance per pixel, N·m, as floats, little-endian; undefined below level `full`. */
export function toHeatmap({ observation, heatmaps }: Explanation, camera: string): ImageMessage | undefined {
  const heatmap = own(heatmaps, camera);
  if (!heatmap) return undefined;
  const { width, height } = heatmap;
  const data = new Uint8Array(Float32Array.from(heatmap.data).buffer);
  return raw(toHeader(observation, camera), { height, width, encoding: HEATMAP_ENCODING, step: 4 * width, data });
}

/** Relevance as grey 0..65535, little-endian; undefined below level `full`. */
export function toMono16(
  { observation, heatmaps }: Explanation,
  camera: string,
  options: HeatmapOptions = {},
): ImageMessage | undefined {
  const heatmap = own(heatmaps, camera);
  if (!heatmap) return undefined;
  const { width, height } = heatmap;
  const levels = normalize(heatmap, greyOptions(options));
  const data = new Uint8Array(greyOf(levels).buffer);
  return raw(toHeader(observation, camera), { height, width, encoding: GREY_ENCODING, step: 2 * width, data });
}

/** Levels 0..1 as grey of 16 bits. */
export function greyOf(levels: Float32Array): Uint16Array {
  const grey = new Uint16Array(levels.length);
  for (let i = 0; i < grey.length; i++) grey[i] = Math.round(WHITE * levels[i]!);
  return grey;
}

/** The heatmap over the camera's whole image; undefined below level `full`. */
export function toOverlay(
  explanation: Explanation,
  camera: string,
  options: DisplayOptions,
): Promise<ImageMessage> | undefined {
  const drawing = drawingOf(explanation, camera, options);
  // Not freed: the message is encoded later.
  return drawing?.keep().then(({ width, height, data }) =>
    raw(toHeader(explanation.observation, camera), {
      height,
      width,
      encoding: OVERLAY_ENCODING,
      step: 3 * width,
      data,
    }),
  );
}

/**
 * `toOverlay` as JPEG; undefined below level `full`. It is drawn step by step between other work of the event loop, and
 * compressed in another thread.
 */
export function toCompressedOverlay(
  explanation: Explanation,
  camera: string,
  options: DisplayOptions,
): Promise<CompressedImageMessage> | undefined {
  return drawingOf(explanation, camera, options)?.use(async (image) => ({
    header: toHeader(explanation.observation, camera),
    format: JPEG_FORMAT,
    data: await encodeJpeg(image, options.jpegQuality ?? DEFAULT_JPEG_QUALITY),
  }));
}

type Pixels = Pick<ImageMessage, "height" | "width" | "encoding" | "step" | "data">;

export function raw(header: Header, pixels: Pixels): ImageMessage {
  return { header, is_bigendian: 0, ...pixels };
}

function calibration(observation: Observation, camera: string, image?: Image): CameraInfoMessage | undefined {
  if (!image?.optics) return undefined;
  const { distortionModel, distortion, intrinsics, rectification, projection }: Optics = image.optics;
  return {
    header: toHeader(observation, camera),
    height: image.height,
    width: image.width,
    distortion_model: distortionModel,
    d: distortion.slice(),
    k: intrinsics.slice(),
    r: rectification.slice(),
    p: projection.slice(),
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
  };
}
