import type { Alarm } from "../detectors/watch.js";
import type { Explanation } from "../explain/explanation.js";
import type { Facts } from "./facts.js";
import type { Finding } from "./finding.js";
import type { Thresholds } from "./thresholds.js";

/** The fields of an explanation that diagnostics use. */
export interface Tick
  extends Pick<Explanation, "latencyMs" | "level" | "conservationResidual" | "flags" | "method" | "outputs"> {
  /** Image stamp → explanation published, milliseconds; NaN where it was not measured. */
  readonly ageMs: number;
}

/** Input of a check. */
export interface Snapshot {
  readonly facts: Facts;
  /** The facts at the start of the window. */
  readonly before: Facts;
  /** Explanations of the window, the oldest first. */
  readonly ticks: readonly Tick[];
  /** Reasons why observations in the window were not explained. */
  readonly failures: readonly string[];
  /** Alarms of the detectors of faulty input, of each explanation of the window. */
  readonly faults: readonly (readonly Alarm[])[];
  /** Length of the window so far, seconds. */
  readonly seconds: number;
  /** Explanations from `before` to `facts`. */
  readonly explained: number;
  /** From `before` to `facts`, seconds; 0 at the first report. */
  readonly countedSeconds: number;
  /** Explanations since the start. */
  readonly total: number;
  readonly policy: Finding;
  readonly thresholds: Thresholds;
}

/** One status of the diagnostics. */
export interface Check {
  readonly name: string;
  readonly find: (snapshot: Snapshot) => Finding;
}

/** Growth of a count of the facts in the window. */
export function grown({ facts, before }: Snapshot, count: (facts: Facts) => number | undefined): number {
  return (count(facts) ?? 0) - (count(before) ?? 0);
}

/** Part / whole; 0 of nothing. */
export const ratio = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
