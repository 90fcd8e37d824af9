import type { CrewOptions } from "../../../reproduction/crew.js";

/** What is asked for of a paper. */
export interface Asked {
  readonly task: readonly string[];
  readonly quick?: boolean;
  readonly seed: number;
  /** Folder of students; of a paper that has them. */
  readonly students?: string;
}

/** A paper's figures, ready to be made again: policies and tasks are checked, nothing is written. */
export interface Reproduction {
  /** Names of tasks, for the progress bar. */
  readonly what: string;
  /** Steps in all, as `CrewOptions.watch` counts them. */
  readonly work: number;
  run(options: CrewOptions): Promise<Reproduced>;
}

/** Everything that is written and said. */
export interface Reproduced {
  readonly page: string;
  /** Figures and tables as files of text by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly json: object;
  /** A line each. */
  readonly summary: readonly string[];
}

/** Checks what is asked for of a paper. @throws InputError */
export type Paper = (asked: Asked) => Promise<Reproduction>;
