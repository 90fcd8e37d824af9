import { InputError } from "../errors.js";
import type { Optics, Region } from "../image/image.js";
import { opticsOf } from "../image/optics.js";
import type { CameraInfoMessage } from "../messages/types.js";

const LENGTHS = { k: 9, r: 9, p: 12 } as const;

/**
 * A camera's calibration for the images that it sends, by its binning and region of interest. Undefined for an
 * uncalibrated camera (K of zeros).
 * @throws InputError for arrays of a wrong length, or an image whose size is not that of the calibration
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
    throw new InputError(
      `calibrated for images of ${w}×${h} pixels, expected ${width}×${height}, the size of the images`,
    );
  const optics: Optics = {
    distortionModel: info.distortion_model,
    distortion: Float64Array.from(info.d),
    intrinsics: Float64Array.from(info.k),
    rectification: Float64Array.from(info.r),
    projection: Float64Array.from(info.p),
  };
  return opticsOf(optics, region, region[2] / binX, region[3] / binY);
}
