import type { Optics } from "../../image/image.js";

/** A pinhole camera: size in pixels, focal length in pixels, pose in the world. */
export interface View {
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  /** Metres, [3]. */
  readonly position: Float64Array;
  /** Row-major 3×3, columns = camera axes right, up, back in the world. */
  readonly rotation: Float64Array;
}

/** Image position of a point, pixels from the upper left corner (pixel centres at ½), and its depth, metres. */
export interface ImagePoint {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

/** Focal length in pixels of a camera with a vertical field of view of `fovy` degrees. */
export function focalLength(fovy: number, height: number): number {
  return (0.5 * height) / Math.tan((fovy * Math.PI) / 360);
}

/** The image position of a world point, metres. Behind the camera `depth` is negative and the position is meaningless. */
export function project(view: View, point: ArrayLike<number>): ImagePoint {
  const { position, rotation, focal, width, height } = view;
  const axis = (column: number): number =>
    [0, 1, 2].reduce((sum, k) => sum + rotation[3 * k + column]! * (point[k]! - position[k]!), 0);
  const depth = -axis(2);
  return { x: width / 2 + (focal * axis(0)) / depth, y: height / 2 - (focal * axis(1)) / depth, depth };
}

/** Calibration of a pinhole camera with its principal point at the image's centre. */
export function opticsOf({ focal, width, height }: Pick<View, "focal" | "width" | "height">): Optics {
  // Calibrations count from the centre of the first pixel, `project` from its corner.
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  return {
    distortionModel: "plumb_bob",
    distortion: new Float64Array(5),
    intrinsics: Float64Array.of(focal, 0, x, 0, focal, y, 0, 0, 1),
    rectification: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
    projection: Float64Array.of(focal, 0, x, 0, 0, focal, y, 0, 0, 0, 1, 0),
  };
}
