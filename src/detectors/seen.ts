import type { RgbImage } from "../image/image.js";
import type { Told } from "./told.js";

/** What a policy saw at one tick, and what it commanded. */
export interface Seen {
  /** Stamp of the image, nanoseconds. */
  readonly stamp: bigint;
  /** True where a run begins. */
  readonly first: boolean;
  /** Ticks between the last one and this one that were left out, for lack of time; default 0. */
  readonly skipped?: number;
  readonly images: Readonly<Record<string, RgbImage>>;
  /** Names, positions (rad or m) and velocities of the joints; empty where they are not known. */
  readonly joints: readonly string[];
  readonly position: ArrayLike<number>;
  readonly velocity: ArrayLike<number>;
  /** Commanded torque of each joint, N·m; empty where it is not known or the outputs are no torques. */
  readonly torque: ArrayLike<number>;
  /** Of a policy that is told in words what to do. */
  readonly told?: Told;
}
