import type { Found, Item } from "./items.js";
import type { Workload } from "./workload.js";

/** What a crew's threads begin with. */
export interface CrewStart {
  /** Memory that the threads share, with a place for each of `DONE` and `STOP`. */
  readonly shared: Int32Array;
  readonly workload: Workload;
}

/** Places in the shared memory: steps done by all threads, and 1 where they are to stop. */
export const DONE = 0;
export const STOP = 1;

/** One item at a time, then the end. */
export type Request = Item | "end";
export type Reply = { readonly found: Found } | { readonly failed: string; readonly isInput: boolean };
