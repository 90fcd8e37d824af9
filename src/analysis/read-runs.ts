import { bagOutcome } from "../bag/bag-outcome.js";
import { type ReadOptions, readExplanations } from "./read-explanations.js";
import type { Run, RunIdentity } from "./run.js";
import { identityOf } from "./run-builder.js";
import { RunCollector } from "./run-collector.js";

export interface ReadRunsOptions extends ReadOptions {
  /** Called with the number of explanations that were skipped, and the reason. */
  readonly skipped?: (count: number, reason: string) => void;
}

/**
 * Reads the explanations of a recording, a run at a time (see `RunCollector`). Memory: one run.
 * @throws InputError as `readExplanations`, and if explanations are of several policies or methods
 */
export async function* readRuns(path: string, options: ReadRunsOptions = {}): AsyncGenerator<Run> {
  const collector = new RunCollector(path, await bagOutcome(path));
  let bagStart = 0n;
  for await (const found of readExplanations(path, options)) {
    bagStart = found.bagStart;
    if ("outcome" in found) {
      collector.outcome(found.outcome);
      continue;
    }
    if (!found.explanation) {
      collector.note(found.topic, found.logTime);
      continue;
    }
    const run = collector.add(found.explanation, found.logTime, bagStart);
    if (run) yield run;
  }
  const last = collector.finish(bagStart, options.skipped);
  if (last) yield last;
}

/** Identity of a bag's first explanation. @throws InputError as `readExplanations` */
export async function readIdentity(path: string, options: ReadOptions = {}): Promise<RunIdentity> {
  for await (const { explanation } of readExplanations(path, { topic: options.topic, folders: options.folders })) {
    if (explanation) return identityOf(explanation);
  }
  throw new Error("readExplanations ends with an explanation or an error");
}
