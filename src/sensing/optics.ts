import { InputError } from "../errors.js";
import type { Optics } from "../explain/observation.js";
import type { Region } from "../image/resize.js";
import type { CameraInfoMessage } from "../messages/types.js";

const LENGTHS = { k: 9, r: 9, p: 12 } as const;

/** x of a point in pixels (centres at whole numbers) → x of the same point after cropping and resizing. */
const moved = (x: number, start: number, scale: number): number => (x - start + 0.5) * scale - 0.5;

/**
 * A camera's calibration for the images that it sends, which its binning and region of interest may have made a part of
 * what it was calibrated with. Undefined where the message is of an uncalibrated camera (K of zeros).
 * @throws InputError for arrays of another length, or an image of another size than the calibration is of
 */
export function opticsFrom(info: CameraInfoMessage, width: number, height: number): Optics | undefined {
  for (const [name, length] of Object.entries(LENGTHS)) {
    const found = info[name as keyof typeof LENGTHS].length;
    if (found !== length) throw new InputError(`${name.toUpperCase()} has ${found} elements, expected ${length}`);
  }
  if (info.k[0] === 0) return undefined;
  const { roi } = info;
  const [binX, binY] = [Math.max(1, info.binning_x), Math.max(1, info.binning_y)];
  const region: Region =
    roi.width === 0 || roi.height === 0
      ? [0, 0, info.width, info.height]
      : [roi.x_offset, roi.y_offset, roi.width, roi.height];
  const [w, h] = [Math.floor(region[2] / binX), Math.floor(region[3] / binY)];
  if (w !== width || h !== height)
    throw new InputError(`calibrated for images of ${w}×${h} pixels, expected ${width}×${height}, as they come`);
  const optics: Optics = {
    distortionModel: info.distortion_model,
    distortion: Float64Array.from(info.d),
    intrinsics: Float64Array.from(info.k),
    rectification: Float64Array.from(info.r),
    projection: Float64Array.from(info.p),
  };
  return opticsOf(optics, region, region[2] / binX, region[3] / binY);
}

/** The calibration of a region that is brought to width × height. Distortion and rectification are of rays and stay. */
export function opticsOf(optics: Optics, [x, y, w, h]: Region, width: number, height: number): Optics {
  if (x === 0 && y === 0 && w === width && h === height) return optics;
  const [scaleX, scaleY] = [width / w, height / h];
  return {
    ...optics,
    intrinsics: scaled(optics.intrinsics, 3, x, y, scaleX, scaleY),
    projection: scaled(optics.projection, 4, x, y, scaleX, scaleY),
  };
}

/** A matrix whose first row gives x and second y of a point, in pixels, of a homogeneous one of the last row. */
function scaled(matrix: Float64Array, columns: 3 | 4, x: number, y: number, scaleX: number, scaleY: number) {
  const result = matrix.slice();
  for (let column = 0; column < columns; column++) {
    if (column === 2) continue;
    result[column]! *= scaleX;
    result[columns + column]! *= scaleY;
  }
  result[2] = moved(matrix[2]!, x, scaleX);
  result[columns + 2] = moved(matrix[columns + 2]!, y, scaleY);
  return result;
}
