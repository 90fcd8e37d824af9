import type { SyncOptions } from "./sync-options.js";

export interface ObserverOptions extends SyncOptions {
  /** The clock of the messages' stamps, nanoseconds: the system's, a simulation's or a recording's. */
  readonly now: () => bigint;
  /** Called for everything that is dropped, with its topic (see `Counters`) and the reason in one line. */
  readonly problem?: (topic: string, reason: string) => void;
  /**
   * Until the first match, and at most for so many seconds after the first message, unmatched images are counted but not
   * reported. Default 0.
   */
  readonly quietStart?: number;
  /** Initial elements of the modalities that no sensor gives (quantity `other`), by modality. */
  readonly values?: Readonly<Record<string, ArrayLike<number>>>;
  /** What the robot is told to do, in words, until `Observer.instruction` replaces it. Without it, images wait for that. */
  readonly instruction?: string | undefined;
  /** Such modalities that need no initial values: images wait until `givenValues` sets them. Default none. */
  readonly heard?: readonly string[];
}
