import type fc from "fast-check";

/** A generator and what must hold for whatever it makes. Cases are plain JSON, so that one can be kept and run again. */
export interface Kind<Case = unknown> {
  readonly name: string;
  readonly about: string;
  readonly cases: fc.Arbitrary<Case>;
  /**
   * Checks one case against its oracle.
   * @returns what came of it, for the counts
   * @throws where something does not hold
   */
  readonly holds: (made: Case) => Promise<string> | string;
  /** True where a case takes a process: all cases of a seed run, whether others fail or not, and none is shrunk. */
  readonly isSlow?: boolean;
  /** Stops what cases share. */
  readonly close?: () => Promise<void>;
}

/** A kind of any case. */
export const kind = <Case>(made: Kind<Case>): Kind => made as unknown as Kind;
