import type { ImageEncoding } from "./pixel-formats.js";

/** A camera image, row-major, rows without padding: `data` has height × width × bytes per pixel (`pixelsOf`). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly encoding: ImageEncoding;
  readonly data: Uint8Array;
  /** Optical frame of the camera. */
  readonly frameId: string;
  /** The camera's calibration, resized and cropped with the image. Absent where it is not known. */
  readonly optics?: Optics;
  /** Damage that a decoder warned of, in pixels that are used all the same. */
  readonly fault?: string;
}

/** A camera's calibration in the terms and layouts of sensor_msgs/CameraInfo, pixels; pixel centres at whole numbers. */
export interface Optics {
  /** `plumb_bob`, `rational_polynomial`, `equidistant`, …; empty where the camera is not calibrated. */
  readonly distortionModel: string;
  /** Coefficients of the distortion model. */
  readonly distortion: Float64Array;
  /** K, row-major [3 × 3]. */
  readonly intrinsics: Float64Array;
  /** R, row-major [3 × 3]. */
  readonly rectification: Float64Array;
  /** P, row-major [3 × 4]. */
  readonly projection: Float64Array;
}

/** A part of an image, pixels: its left upper corner and its size. An overlay's region may reach beyond the image. */
export type Region = readonly [x: number, y: number, width: number, height: number];

/** The camera's whole image, where the policy sees a part of it or another size. */
export interface CameraView {
  readonly image: Image;
  /** The part that became the policy's image, in pixels of `image`. */
  readonly region: Region;
}

/** Pixels red, green, blue, one byte each, row-major without padding: [height × width × 3]. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
