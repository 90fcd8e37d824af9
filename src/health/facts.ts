import type { Level } from "../explain/explanation.js";

/** Messages of one topic. */
export interface TopicCounts {
  readonly received: number;
  readonly dropped: Readonly<Partial<Record<string, number>>>;
  /** Messages that came mixed with those of another publisher; left out where there are none. */
  readonly mixed?: number;
  /** Images missing by the gaps between stamps, an estimate; left out where there are none. */
  readonly missing?: number;
  /** Nodes that publish the topic, where they are several and one is expected. */
  readonly publishers?: readonly string[];
}

/** Received messages, counted since the start; an `Observer` counts them. */
export interface InputCounts {
  readonly topics: Readonly<Record<string, TopicCounts>>;
  /** Images that were matched. */
  readonly matched: number;
  /** Images that were not matched. */
  readonly syncMisses: number;
  /** Images that were too old to explain. */
  readonly tooOld: number;
  /** Times that the clock jumped back. */
  readonly clockJumps: number;
}

/** Messages published on one topic, counted since the start. */
export interface OutputCounts {
  readonly published: number;
  readonly failed: number;
  /** Subscribers now. */
  readonly subscribers: number;
}

/** Input of the monitor at every report. Counts only grow. */
export interface Facts {
  /** True while the node explains. */
  readonly active: boolean;
  /** Expected explanations a second: one a control period. */
  readonly expectedRate: number;
  /** Longest time an explanation may take, milliseconds. */
  readonly deadlineMs: number;
  /** The requested level; falling below it is reported. */
  readonly wantedLevel: Level;
  /** The node's clock, seconds; the time that messages are stamped with passes by it. */
  readonly clock: { readonly seconds: number; readonly isSimulated: boolean };
  /** Pauses of the camera: all so far, and the one that lasts now, seconds. */
  readonly pauses: { readonly total: number; readonly current: number };
  readonly inputs: InputCounts;
  /** Topics of `inputs` whose messages must keep arriving, such as images and joint states. */
  readonly continuous: readonly string[];
  /** Observations that a newer one replaced before they could be explained. */
  readonly replaced: number;
  /** By topic. */
  readonly outputs: Readonly<Record<string, OutputCounts>>;
}
