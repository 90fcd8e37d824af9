import type { CameraReference } from "./reference.js";

/** Way of the joints, rad, in which a picture must change where no reference says more. */
export const STILL = 0.03;

/** Way of the joints, rad, in which a camera's picture must change. */
export const leastWay = (reference: Pick<CameraReference, "still"> | undefined): number =>
  Math.max(STILL, 1.5 * (reference?.still ?? 0));
