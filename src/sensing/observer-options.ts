import type { SyncOptions } from "./sync-options.js";

export interface ObserverOptions extends SyncOptions {
  /** The clock that the messages' stamps are of, nanoseconds: the system's, or a simulation's or recording's. */
  readonly now: () => bigint;
  /** Told of everything that is dropped: its topic (see `Counters`) and one line why. Default: nobody. */
  readonly problem?: (topic: string, reason: string) => void;
  /**
   * Until the first match, but no longer than so many seconds from the first message on, images that do not match are
   * counted without telling. Default 0.
   */
  readonly quietStart?: number;
  /** Elements of the modalities that no sensor gives (quantity `other`), by modality: what they are at first. */
  readonly values?: Readonly<Record<string, ArrayLike<number>>>;
  /** Such modalities that need no values at first: until `givenValues` says them, images wait. Default none. */
  readonly heard?: readonly string[];
}
