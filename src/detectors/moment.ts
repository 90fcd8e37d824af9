import { type Look, lookAt } from "./look.js";
import type { Reference } from "./reference.js";
import type { Seen } from "./seen.js";

/** A tick in the numbers that detectors compare. */
export interface Tick extends Omit<Seen, "images"> {
  readonly looks: Readonly<Record<string, Look>>;
}

export const tickOf = ({ images, ...seen }: Seen): Tick => ({
  ...seen,
  looks: Object.fromEntries(Object.entries(images).map(([name, image]) => [name, lookAt(image)])),
});

/** Ticks that detectors look back on. */
export const LOOK_BACK = 24;

/** The newest ticks of a run. */
export interface Moment {
  /** The newest last, at most `LOOK_BACK`. */
  readonly ticks: readonly Tick[];
  /** Number of the newest tick in its run, from 0. */
  readonly index: number;
  /** Usual time between two stamps, seconds; undefined before two ticks. */
  readonly period: number | undefined;
  readonly reference: Reference | undefined;
}

/** The tick so many before the newest. */
export const ago = ({ ticks }: Moment, count: number): Tick | undefined => ticks[ticks.length - 1 - count];

/** Whether there are so many ticks before the newest. */
export const have = ({ ticks }: Moment, count: number): boolean => ticks.length > count;

/** A value of joint j at the tick so many before the newest. */
export const position = (moment: Moment, j: number, count: number): number => ago(moment, count)!.position[j]!;
export const velocity = (moment: Moment, j: number, count: number): number => ago(moment, count)!.velocity[j]!;

/** Seconds between a tick and the one before it. */
export const secondsBetween = (earlier: Tick, later: Tick): number => Number(later.stamp - earlier.stamp) / 1e9;

/** Periods from the tick before to this one. */
export const periodsTo = ({ skipped = 0 }: Tick): number => 1 + skipped;

/** Way of all joints together from a tick to the next. */
export const wayOf = (a: Pick<Tick, "position">, b: Pick<Tick, "position">): number =>
  Array.from(a.position).reduce((sum, value, j) => sum + Math.abs(b.position[j]! - value), 0);

/** A joint's motion in a tick, rad or m. */
export interface Moved {
  /** By its positions, and by its velocities. */
  readonly by: number;
  readonly told: number;
  /** By which these may differ, as the velocity changes. */
  readonly allowed: number;
}

/** How joint j moved by its positions, and by its velocities, up to the tick so many before the newest. */
export function moved(moment: Moment, j: number, count: number): Moved | undefined {
  const [before, now] = [ago(moment, count + 1), ago(moment, count)];
  if (!before || !now) return undefined;
  const seconds = Math.min(secondsBetween(before, now), 1.5 * (moment.period ?? 0) * periodsTo(now));
  return {
    by: now.position[j]! - before.position[j]!,
    told: (seconds * (now.velocity[j]! + before.velocity[j]!)) / 2,
    allowed: seconds * Math.abs(now.velocity[j]! - before.velocity[j]!),
  };
}

/** `moved` of the last ticks, the newest last; empty where there are not so many. */
export function movedOver(moment: Moment, j: number, count: number): Moved[] {
  if (moment.ticks.length <= count) return [];
  return Array.from({ length: count }, (_, k) => moved(moment, j, count - 1 - k)!);
}

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
