import { existsSync } from "node:fs";
import { InputError } from "../../../errors.js";
import { shippedPolicy } from "../../../package-files.js";
import type { CrewOptions } from "../../../reproduction/crew.js";
import { csv, type TableRow } from "../../../reproduction/table.js";

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

/** Why a task or world is left out. */
export const NO_POLICY = "no policy is shipped for it";

/**
 * The tasks or worlds of a paper that have a shipped policy, and those that have none.
 * @param known all of the paper's @param what they are
 * @throws InputError for one that is unknown, or asked for and without a policy
 */
export function chosenOf(
  asked: readonly string[],
  known: readonly string[],
  what: "task" | "world",
): { readonly shipped: string[]; readonly missing: string[] } {
  const has = (name: string) => existsSync(shippedPolicy(name));
  for (const name of asked) {
    if (!known.includes(name)) throw new InputError(`no ${what} named "${name}"; expected ${known.join(", ")}`);
    if (!has(name)) throw new InputError(`${what} ${name}: ${NO_POLICY}`);
  }
  const names = asked.length > 0 ? [...new Set(asked)] : known;
  return { shipped: names.filter(has), missing: names.filter((name) => !has(name)) };
}

/** Figures and tables by name as the files that are written. */
export const filesOf = (
  svgs: ReadonlyMap<string, string>,
  tables: ReadonlyMap<string, readonly TableRow[]>,
): Map<string, string> =>
  new Map([
    ...Array.from(svgs, ([name, svg]) => [`${name}.svg`, svg] as const),
    ...Array.from(tables).flatMap(([name, rows]) => (rows.length > 0 ? [[`${name}.csv`, csv(rows)] as const] : [])),
  ]);
