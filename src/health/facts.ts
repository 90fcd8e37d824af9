import type { Level } from "../explain/explanation.js";

/** What came in, counted since the start; the counters of `src/sensing` have these. */
export interface InputCounts {
  readonly topics: Readonly<
    Record<string, { readonly received: number; readonly dropped: Readonly<Partial<Record<string, number>>> }>
  >;
  /** Images that found all else of their time. */
  readonly matched: number;
  /** Images that did not. */
  readonly syncMisses: number;
  /** Images that were too old to explain. */
  readonly tooOld: number;
  /** Times that the clock jumped back. */
  readonly clockJumps: number;
}

/** What went out on one topic, counted since the start. */
export interface OutputCounts {
  readonly published: number;
  readonly failed: number;
  /** Subscribers now. */
  readonly subscribers: number;
}

/** What the monitor is told at every report. Counts only grow. */
export interface Facts {
  /** Whether torques are to be explained now. */
  readonly active: boolean;
  /** Explanations a second that there should be: one a control period. */
  readonly expectedRate: number;
  /** Longest time an explanation may take, milliseconds. */
  readonly deadlineMs: number;
  /** Level asked for; what the real-time control falls short of is told. */
  readonly wantedLevel: Level;
  readonly inputs: InputCounts;
  /** Topics of `inputs` that have to keep coming, such as images and joint states. */
  readonly continuous: readonly string[];
  /** Observations that a newer one replaced before they could be explained. */
  readonly replaced: number;
  /** By topic. */
  readonly outputs: Readonly<Record<string, OutputCounts>>;
}
