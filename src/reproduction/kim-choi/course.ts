import { type Explanation, isMeaningful } from "../../explain/explanation.js";
import { type MeanStd, mean, meanStd } from "../../numbers/mean.js";

/** Groups of modalities in the paper's figures; configuration = position + velocity. */
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

/** A course that is filled as explanations come. */
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
    if (!isMeaningful(flags) || !(total > 0)) return;
    this.shares.set(shares, tick * this.modalities);
    for (const group of GROUPS) this.ratios[group][tick] = ratios[group];
  }
}

/** Keeps every `stride`th tick of a course. */
export function thinned(course: Course, stride: number): Course {
  const { ticks, modalities, shares, ratios } = course;
  const thin = new CourseBuilder(ticks, modalities);
  for (let tick = 0; tick < ticks; tick += stride) {
    thin.shares.set(shares.subarray(tick * modalities, (tick + 1) * modalities), tick * modalities);
    for (const group of GROUPS) thin.ratios[group][tick] = ratios[group][tick]!;
  }
  return thin;
}

/** Mean and standard deviation over the ticks that count. */
export interface MeanOverTicks extends MeanStd {
  readonly ticks: number;
}

/** Over all ticks that count, of all episodes. */
export const alongTrajectories = (
  courses: readonly Course[],
  value: (course: Course, tick: number) => number,
): MeanOverTicks =>
  overTicks(courses.flatMap((course) => Array.from({ length: course.ticks }, (_, tick) => value(course, tick))));

/** Over episodes at one tick. */
export const atTick = (
  courses: readonly Course[],
  tick: number,
  value: (course: Course, tick: number) => number,
): MeanOverTicks => overTicks(courses.map((course) => value(course, tick)));

const overTicks = (values: readonly number[]): MeanOverTicks => ({
  ...meanStd(values),
  ticks: values.filter((value) => !Number.isNaN(value)).length,
});

/** Mean over the ticks from..to−1 that count; NaN if none does. */
export const meanWithin = (values: Float64Array, from: number, to: number): number =>
  mean(values.subarray(Math.max(0, from), Math.max(0, to)));
