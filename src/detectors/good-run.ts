import type { Look } from "./look.js";
import type { Tick } from "./moment.js";

/** A good run, without the pixels of its pictures. */
export type GoodRun = readonly (Omit<Tick, "looks"> & {
  readonly looks: Readonly<Record<string, Omit<Look, "image">>>;
})[];

/** Fewest runs whose models can be checked on runs that they were not fitted to. */
export const FEWEST_RUNS = 8;

/** Root mean square of each number over rows. */
export const rootMeanSquares = (rows: readonly Float64Array[]): Float64Array =>
  rows[0]!.map((_, j) => Math.sqrt(rows.reduce((sum, row) => sum + row[j]! ** 2, 0) / rows.length));

/** Largest size of each number over rows. */
export const largest = (rows: readonly Float64Array[]): Float64Array =>
  rows[0]!.map((_, j) => rows.reduce((most, row) => Math.max(most, Math.abs(row[j]!)), 0));
