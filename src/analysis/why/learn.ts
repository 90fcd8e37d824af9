import type { Reference } from "../../detectors/reference.js";
import { ReferenceBuilder } from "../../detectors/reference-builder.js";
import type { Seen } from "../../detectors/seen.js";
import { watched } from "./judge.js";

/** What is usual, and the number of good runs that teach it. */
export interface Learned {
  /** Undefined for fewer than two runs. */
  readonly reference: Reference | undefined;
  readonly runs: number;
  /** Good runs that do not teach it: detectors that need no others find faulty input in them. */
  readonly leftOut: number;
}

/** Learns what is usual from good runs. A run that succeeded in spite of faulty input teaches it only where most had some. */
export async function learn(good: AsyncIterable<readonly Seen[]>): Promise<Learned> {
  const builder = new ReferenceBuilder();
  const faulty = new Set<number>();
  for await (const run of good) {
    if (watched(run, undefined).alarms.length > 0) faulty.add(builder.runs);
    for (const tick of run) builder.add(tick);
  }
  const but = 2 * faulty.size < builder.runs ? faulty : new Set<number>();
  const reference = builder.runs - but.size > 1 ? builder.build(but) : undefined;
  return { reference, runs: reference?.runs ?? 0, leftOut: but.size };
}
