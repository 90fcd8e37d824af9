import type { Tally } from "../../fleet/engine/tally.js";
import { duration } from "../../numbers/duration.js";
import { plural } from "../../numbers/format.js";

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
  return `explained ${plural(explained, "recording")}${more} in ${duration(seconds)}: ${plural(ticks, "tick")} added to ${output}\n`;
}

export function batchJson({ output, tally, seconds }: BatchSummary): string {
  const { explained, already, ticks, runs, deadLetters } = tally;
  const failed = deadLetters.map(({ job, reason }) => ({ recording: job, reason }));
  const recorded = Number(tally.seconds.toFixed(3));
  const summary = {
    output,
    explained,
    already,
    failed,
    runs,
    ticks,
    recorded_seconds: recorded,
    seconds: Number(seconds.toFixed(2)),
  };
  return `${JSON.stringify(summary)}\n`;
}
