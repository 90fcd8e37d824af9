import type { Observation } from "../explain/observation.js";
import type { CameraMessage } from "./observing.js";

/** What is decoded, and when its message came. */
export interface Arrival {
  /** None for a policy without a camera. */
  readonly message: CameraMessage | undefined;
  readonly receivedMs: number;
  /** Gives the message's memory back. */
  readonly release?: (() => void) | undefined;
}

/** An image with all else of its time. Nothing of it is decoded before it is asked for. */
export interface Match {
  /** The image's, nanoseconds. */
  readonly stamp: bigint;
  /** When the image came and when it was matched, milliseconds of `performance.now()`. */
  readonly receivedMs: number;
  readonly matchedMs: number;
  /**
   * Decodes, crops, resizes, and asks the arm. Matches are observed one after another, in their order; any may be left out.
   * Undefined where there is nothing to observe after all: the image is too old by now, or damaged. It is then counted.
   */
  observe(): Promise<Observation | undefined>;
  /** Gives the memory of the image's message back, where it can be: nothing may look at the observation's images later. */
  release(): void;
}
