import type { Random } from "../random.js";
import type { Sensed } from "../simulated.js";

/** A fault as a perturbation states it. */
export interface Fault {
  readonly name: string;
  readonly amount?: number | undefined;
  readonly joint?: string | undefined;
}

/** What a fault may use; the same for a whole episode. */
export interface FaultPlace {
  /** Size of the image, pixels, and bytes a pixel. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  /** Size of the fault, in the unit of its row. */
  readonly amount: number;
  /** Index of the joint that it is of. */
  readonly joint: number;
  readonly random: Random;
  /** Measurements of the ticks before this one, the newest last: at most `KEPT`. */
  readonly past: readonly Sensed[];
  /** A picture of the scene now by a camera that stands elsewhere. */
  readonly otherView: () => Uint8Array;
}

/** Number of earlier measurements that a fault may look at. */
export const KEPT = 20;

/** Measurements after a fault. */
export interface Disturbed {
  readonly sensed: Sensed;
  /** Seconds by which the clock of the stamps jumps ahead at this tick. */
  readonly clockJump?: number;
}

export interface FaultRow {
  /** What it makes wrong. */
  readonly of: "image" | "joints" | "clock" | "words" | "action";
  /** One line for help and documents. */
  readonly text: string;
  readonly amount?: { readonly unit: string; readonly default: number; readonly range: readonly [number, number] };
  /** True where it is a fault of one joint. */
  readonly isOfJoint?: boolean;
  /** Starts the fault; the function then changes the measurements of each tick, from this one on. */
  begin(place: FaultPlace): (sensed: Sensed, past: readonly Sensed[]) => Disturbed;
}
