import type { BenchRow } from "../../bench/cases.js";
import type { LiveRow } from "../../bench/live/bench-live.js";
import { type Spread, STAGES } from "../../bench/live/stopwatch.js";
import { columns } from "./table.js";

/** The cases of one network, for a terminal. */
export function benchText(rows: readonly BenchRow[]): string {
  const head = ["case", "median ms", "p99 ms", "× forward", "cpu ms", "× forward", "deviation"];
  const cells = rows.map(
    ({ case: name, median_ms, p99_ms, ratio_to_forward, cpu_ms, cpu_ratio_to_forward, deviation }) => [
      name,
      ...[median_ms, p99_ms, ratio_to_forward, cpu_ms, cpu_ratio_to_forward].map((value) => value.toFixed(2)),
      deviation === undefined ? "" : `${(100 * deviation).toFixed(2)} %`,
    ],
  );
  const { network, threads } = rows[0]!;
  return `${network}, threads ${threads}\n${columns([head, ...cells], 1)}`;
}

const pair = ({ p50, p99 }: Spread): string => `${p50.toFixed(2)} / ${p99.toFixed(2)}`;

/** One network and image size over the node's pipeline, for a terminal. */
export function liveText({ network, image, explained, lost, misses, stages, ...times }: LiveRow): string {
  return [
    `${network}, image ${image}: ${explained} explained, ${misses} late, ${lost} lost`,
    columns([
      ["stamp to published", pair(times.total)],
      ...STAGES.map((stage) => [`  ${stage}`, pair(stages[stage])]),
      ["all but inference", pair(times.beside)],
      ["stamp to overlay", pair(times.overlay)],
      ["event loop delay", pair(times.event_loop_delay)],
    ]),
  ].join("\n");
}
