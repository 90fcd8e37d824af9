/** What a check found: `good`, `unknown` where it could not look, `warning`, or `fault`, which needs mending first. */
export type Grade = "good" | "unknown" | "warning" | "fault";

/** One line of a check. */
export interface Finding {
  readonly check: string;
  readonly grade: Grade;
  /** In words: what was found, by which numbers, and for a fault what to do. */
  readonly text: string;
}
