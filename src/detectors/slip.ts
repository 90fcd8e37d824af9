import { own } from "../own.js";
import type { JointReference, Reference } from "./reference.js";

/** Least difference of two ways of telling a motion, rad, that means anything. */
const LEAST = 0.02;

/** How far a tick's motion by positions and by velocities differ at most, rad. */
export const slip = (reference: JointReference | undefined): number =>
  Math.max(LEAST, 1.5 * (reference?.slip ?? LEAST));

/** How far a joint may be off where its velocity takes it, rad: little where good runs say so. */
export const uncertainty = (reference: Reference | undefined, joint: string): number => {
  const known = reference && own(reference.joints, joint);
  return known ? 0.005 + 1.5 * known.slip : LEAST + slip(undefined);
};
