import type { Observation } from "../explain/observation.js";
import type { CameraMessage } from "./observing.js";

/** An image message and when it arrived. */
export interface Arrival {
  /** Undefined for a policy without a camera. */
  readonly message: CameraMessage | undefined;
  readonly receivedMs: number;
  /** Frees the message's memory. */
  readonly release?: (() => void) | undefined;
}

/** An image with the joint states and other inputs for its stamp. It is decoded only by `observe`. */
export interface Match {
  /** Stamp of the image, nanoseconds. */
  readonly stamp: bigint;
  /** When the image arrived and when it was matched, milliseconds of `performance.now()`. */
  readonly receivedMs: number;
  readonly matchedMs: number;
  /**
   * Decodes, crops and resizes the images, and evaluates the arm's model. Observe matches one at a time, in their order;
   * any may be left out. Undefined where the image turns out to be too old or damaged, which is counted.
   */
  observe(): Promise<Observation | undefined>;
  /** Frees the memory of the image's message where possible: the observation's images must not be read afterwards. */
  release(): void;
}
