import { deviation, mean } from "d3-array";
import type { Explanation } from "../explain/explanation.js";

/** Groups of modalities as the paper's figures have them; configuration = position + velocity. */
export const GROUPS = ["image", "position", "velocity", "configuration"] as const;
export type Group = (typeof GROUPS)[number];

/** Shares along one episode, T ticks of M modalities; NaN where a tick does not count (idle, or without relevance). */
export interface Course {
  readonly ticks: number;
  readonly modalities: number;
  /** [T × M] */
  readonly shares: Float64Array;
  /** [T] each. */
  readonly ratios: Readonly<Record<Group, Float64Array>>;
}

/** An empty course to put explanations into as they come. */
export class CourseBuilder implements Course {
  readonly shares: Float64Array;
  readonly ratios: Readonly<Record<Group, Float64Array>>;

  constructor(
    readonly ticks: number,
    readonly modalities: number,
  ) {
    const unknown = (length: number) => new Float64Array(length).fill(Number.NaN);
    this.shares = unknown(ticks * modalities);
    this.ratios = {
      image: unknown(ticks),
      position: unknown(ticks),
      velocity: unknown(ticks),
      configuration: unknown(ticks),
    };
  }

  put(tick: number, { shares, ratios, flags }: Pick<Explanation, "shares" | "ratios" | "flags">): void {
    const total = shares.reduce((sum, share) => sum + share, 0);
    if (flags.includes("idle") || !(total > 0)) return;
    this.shares.set(shares, tick * this.modalities);
    for (const group of GROUPS) this.ratios[group][tick] = ratios[group];
  }
}

/** A course of which only every so many ticks are known. */
export function thinned(course: Course, stride: number): Course {
  const { ticks, modalities, shares, ratios } = course;
  const thin = new CourseBuilder(ticks, modalities);
  for (let tick = 0; tick < ticks; tick += stride) {
    thin.shares.set(shares.subarray(tick * modalities, (tick + 1) * modalities), tick * modalities);
    for (const group of GROUPS) thin.ratios[group][tick] = ratios[group][tick]!;
  }
  return thin;
}

/** Mean and standard deviation along trajectories: over all ticks that count, of all episodes. */
export interface MeanStd {
  readonly mean: number;
  readonly std: number;
  readonly ticks: number;
}

export function alongTrajectories(
  courses: readonly Course[],
  value: (course: Course, tick: number) => number,
): MeanStd {
  return meanStd(courses.flatMap((course) => Array.from({ length: course.ticks }, (_, tick) => value(course, tick))));
}

/** Mean and standard deviation over episodes at one tick. */
export function atTick(
  courses: readonly Course[],
  tick: number,
  value: (course: Course, tick: number) => number,
): MeanStd {
  return meanStd(courses.map((course) => value(course, tick)));
}

function meanStd(values: readonly number[]): MeanStd {
  const known = values.filter((value) => !Number.isNaN(value));
  return { mean: mean(known) ?? Number.NaN, std: deviation(known) ?? Number.NaN, ticks: known.length };
}

/** Mean of what counts in ticks from..to−1; NaN of nothing. */
export const meanWithin = (values: Float64Array, from: number, to: number): number =>
  mean(values.subarray(Math.max(0, from), Math.max(0, to))) ?? Number.NaN;
