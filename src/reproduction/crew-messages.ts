/** What a crew's threads begin with. */
export interface CrewStart {
  /** Memory that the threads share, with a place for each of `DONE` and `STOP`. */
  readonly shared: Int32Array;
  /** What all items have in common. */
  readonly setting: unknown;
}

/** Places in the shared memory: steps done by all threads, and 1 where they are to stop. */
export const DONE = 0;
export const STOP = 1;

/** One item at a time, then the end. */
export type Request = { readonly item: unknown } | "end";
export type Reply = { readonly found: unknown } | { readonly failed: string; readonly isInput: boolean };
