import type { Run } from "./run.js";
import { counts } from "./run.js";

/** Shares of a run at the points of a grid, [points × M], row-major; NaN where no tick counts. */
export type Curve = Float32Array;

/** Evenly spaced points at which shares are sampled. */
export interface Grid {
  readonly from: number;
  readonly to: number;
  readonly points: number;
}

/** A point for each per cent of the episode. */
export const EPISODE_GRID: Grid = { from: 0, to: 100, points: 101 };

export function gridPoint({ from, to, points }: Grid, k: number): number {
  return from + ((to - from) * k) / (points - 1);
}

/** Shares over per cent of the episode's time: 0 is the first tick, 100 the last. */
export function episodeCurve(run: Run): Curve {
  const start = run.stamp[0]!;
  const whole = Number(run.stamp[run.ticks - 1]! - start) || 1;
  return curveBy(trackOf(run), EPISODE_GRID, (i) => (100 * Number(run.stamp[i]! - start)) / whole);
}

/** Shares over the seconds before and after a moment of the run. @param at stamp, nanoseconds */
export function curveAround(run: Run, at: bigint, grid: Grid): Curve {
  return curveBy(trackOf(run), grid, (i) => Number(run.stamp[i]! - at) / 1e9);
}

/** Shares of n ticks, [n × M]. */
export interface ShareTrack {
  readonly ticks: number;
  readonly modalities: number;
  share(i: number, m: number): number;
  /** True where the shares of a tick are meaningful. */
  counts(i: number): boolean;
}

function trackOf(run: Run): ShareTrack {
  const modalities = run.identity.modalities.length;
  return {
    ticks: run.ticks,
    modalities,
    share: (i, m) => run.shares[i * modalities + m]!,
    counts: (i) => counts(run, i),
  };
}

/**
 * Mean of the counting ticks nearest to each point. A point without such ticks is interpolated linearly between its
 * neighbours if these are at most `MAX_GAP` of the grid apart.
 * @param place of a tick on the grid, which never falls
 */
export function curveBy(track: ShareTrack, grid: Grid, place: (i: number) => number): Curve {
  const { from, to, points } = grid;
  const { modalities } = track;
  const step = (to - from) / (points - 1);
  const curve = new Float32Array(points * modalities);
  const ticks = new Uint32Array(points);
  let before: { readonly i: number; readonly place: number } | undefined;
  const bridges: { readonly a: NonNullable<typeof before>; readonly b: NonNullable<typeof before> }[] = [];
  for (let i = 0; i < track.ticks; i++) {
    if (!track.counts(i)) continue;
    const at = { i, place: place(i) };
    if (before && at.place - before.place > step && at.place - before.place <= MAX_GAP * (to - from)) {
      bridges.push({ a: before, b: at });
    }
    before = at;
    const k = Math.round((at.place - from) / step);
    if (k < 0 || k >= points) continue;
    ticks[k]!++;
    for (let m = 0; m < modalities; m++) curve[k * modalities + m]! += track.share(i, m);
  }
  for (let k = 0; k < points; k++) {
    for (let m = 0; m < modalities; m++) curve[k * modalities + m]! /= ticks[k]!;
  }
  for (const { a, b } of bridges) {
    const [first, last] = [Math.ceil((a.place - from) / step), Math.floor((b.place - from) / step)];
    for (let k = Math.max(0, first); k <= Math.min(points - 1, last); k++) {
      if (ticks[k]! > 0) continue;
      const part = (gridPoint(grid, k) - a.place) / (b.place - a.place);
      for (let m = 0; m < modalities; m++) {
        const [x, y] = [track.share(a.i, m), track.share(b.i, m)];
        curve[k * modalities + m] = x + part * (y - x);
      }
    }
  }
  return curve;
}

/** Longest gap that is interpolated, part of the grid. */
const MAX_GAP = 0.1;

/** Mean and standard deviation over curves at one point; NaN for too few curves. */
export interface Spread {
  readonly mean: number;
  readonly std: number;
  /** Number of curves that have a value there. */
  readonly curves: number;
}

/** Running mean and deviation of curves, each with the same weight. */
export class CurveStatistics {
  readonly #count: Uint32Array;
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;
  #curves = 0;

  constructor(
    readonly grid: Grid,
    readonly modalities: number,
  ) {
    this.#count = new Uint32Array(grid.points * modalities);
    this.#mean = new Float64Array(this.#count.length);
    this.#squares = new Float64Array(this.#count.length);
  }

  get curves(): number {
    return this.#curves;
  }

  add(curve: Curve): void {
    this.#curves++;
    for (let at = 0; at < curve.length; at++) {
      const value = curve[at]!;
      if (Number.isNaN(value)) continue;
      const delta = value - this.#mean[at]!;
      this.#mean[at]! += delta / ++this.#count[at]!;
      this.#squares[at]! += delta * (value - this.#mean[at]!);
    }
  }

  at(k: number, m: number): Spread {
    const at = k * this.modalities + m;
    const curves = this.#count[at]!;
    return {
      mean: curves > 0 ? this.#mean[at]! : Number.NaN,
      std: curves > 1 ? Math.sqrt(this.#squares[at]! / (curves - 1)) : Number.NaN,
      curves,
    };
  }
}
