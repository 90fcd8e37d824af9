import type { BatchState } from "../../fleet/engine/batches.js";
import type { Tally } from "../../fleet/engine/tally.js";
import { duration } from "../../numbers/duration.js";
import { plural } from "../../numbers/format.js";
import { columns } from "./table.js";

interface BatchSummary {
  readonly output: string;
  readonly tally: Tally;
  readonly seconds: number;
}

/** What came of a batch, one line. */
export function batchText({ output, tally, seconds }: BatchSummary): string {
  const { explained, already, ticks, deadLetters } = tally;
  const aside = [
    ...(already > 0 ? [`${already} already there`] : []),
    ...(deadLetters.length > 0 ? [`${deadLetters.length} failed`] : []),
  ];
  const more = aside.length > 0 ? ` (${aside.join(", ")})` : "";
  return `explained ${plural(explained, tally.isSliced ? "slice" : "recording")}${more} in ${duration(seconds)}: ${plural(ticks, "tick")} added to ${output}\n`;
}

export function batchJson({ output, tally, seconds }: BatchSummary): string {
  const { explained, already, ticks, runs, deadLetters } = tally;
  const failed = deadLetters.map(({ job, reason }) => ({ recording: job, reason }));
  const recorded = Number(tally.seconds.toFixed(3));
  const time = Number(seconds.toFixed(2));
  const summary = { output, explained, already, failed, runs, ticks, recorded_seconds: recorded, seconds: time };
  return `${JSON.stringify(summary)}\n`;
}

/** Why jobs failed, one line each. */
export const failureLines = ({ deadLetters }: Tally): string[] =>
  deadLetters.map(({ job, reason }) => (reason.startsWith(job) ? reason : `${job}: ${reason}`));

/** Batches on an engine, one line each. */
export function batchStates(states: readonly BatchState[]): string {
  if (states.length === 0) return "no batches\n";
  const rows = states.map((state) => [
    state.id,
    wordOf(state),
    new Date(state.created).toISOString().slice(0, 16).replace("T", " "),
    state.output,
    ...[state.jobs, state.done, state.failed, state.left].map(String),
  ]);
  const headings = ["batch", "state", "made (UTC)", "data set", "jobs", "done", "failed", "left"];
  return `${columns([headings, ...rows], 4)}\n`;
}

const wordOf = ({ left, isCancelled }: BatchState): string =>
  isCancelled ? "cancelled" : left > 0 ? "running" : "done";

export const stateJson = (state: BatchState) => {
  const { id, created, output, jobs, already, done, failed, left } = state;
  return {
    batch: id,
    state: wordOf(state),
    created: new Date(created).toISOString(),
    output,
    jobs,
    already,
    done,
    failed,
    left,
  };
};
