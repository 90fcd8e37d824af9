import type { Moment } from "./moment.js";

/** Something wrong at one tick. */
export interface Found {
  /** Camera or joint that it is of; empty where it is of none. */
  readonly subject: string;
  /** What was seen, in one line. */
  readonly text: string;
  /** Ticks before this one at which it began, where that is earlier than the first of the ticks in a row. */
  readonly since?: number;
  /** True where it counts at once, whatever the detector's `hold`. */
  readonly isSure?: boolean;
  /** How far beyond the threshold, from 1 on. */
  readonly score: number;
}

/** One kind of faulty input. */
export interface Detector {
  readonly about: "image" | "joints" | "clock" | "motion" | "words" | "action";
  /** The likeliest reason, as the page and diagnostics say it. */
  readonly words: string;
  /** What to do about it. */
  readonly hint: string;
  /** True where it compares with good runs. */
  readonly needsReference?: boolean;
  /** Ticks in a row before it counts. Default 1. */
  readonly hold?: number;
  /** Undefined where nothing is wrong at the newest tick. */
  find(moment: Moment): Found | undefined;
}
