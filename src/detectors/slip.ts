import type { JointReference } from "./reference.js";

/** Least difference of two ways of telling a motion, rad, that means anything. */
const LEAST = 0.02;

/** How far a tick's motion by positions and by velocities differ at most, rad. */
export const slip = (reference: JointReference | undefined): number =>
  Math.max(LEAST, 1.5 * (reference?.slip ?? LEAST));
