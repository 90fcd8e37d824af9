import { columns } from "../../cli/output/table.js";
import { InputError } from "../../errors.js";
import type { Method } from "../../relevance/contract/method.js";
import type { Precision } from "../../relevance/precision/precision.js";
import { type LiveTimes, measureLive } from "./measure.js";
import { LIVE_POLICIES, RATE } from "./policies.js";
import { type Spread, STAGES } from "./stopwatch.js";
import { openTopics } from "./topics.js";

export interface BenchLiveOptions {
  readonly threads: number;
  readonly method: Method;
  readonly precision: Precision;
  /** Images a case. */
  readonly ticks: number;
  /** Joint states a second. */
  readonly jointRate: number;
  /** Those of `LIVE_POLICIES`, default all. */
  readonly networks?: readonly string[];
  readonly json?: boolean;
}

interface LiveRow extends LiveTimes {
  readonly network: string;
  readonly image: string;
  readonly transport: "ros" | "in-process";
  readonly ticks: number;
}

const IMAGES = [
  { width: 240, height: 240 },
  { width: 640, height: 480 },
] as const;

/** Image stamp to published explanation, stage by stage. @throws InputError for a network that there is not */
export async function benchLive({
  threads,
  method,
  precision,
  ticks,
  jointRate,
  networks,
  json,
}: BenchLiveOptions): Promise<void> {
  const names = networks ?? Object.keys(LIVE_POLICIES);
  for (const name of names)
    if (!Object.hasOwn(LIVE_POLICIES, name))
      throw new InputError(`network ${name}: expected one of ${Object.keys(LIVE_POLICIES).join(", ")}`);
  const topics = await openTopics();
  const say = (text: string) => void (json || process.stdout.write(`${text}\n`));
  const way = topics.transport === "ros" ? "over ROS 2, to and from another process" : "in this process";
  say(`${ticks} images at ${RATE} Hz and joint states at ${jointRate} Hz ${way}; milliseconds, p50 / p99`);
  if (topics.why !== undefined) process.stderr.write(`not over ROS 2: ${topics.why}\n`);
  const rows: LiveRow[] = [];
  try {
    for (const name of names)
      for (const { width, height } of IMAGES) {
        const policy = await LIVE_POLICIES[name]!();
        const robot = { width, height, joints: policy.card.joints, rate: RATE, jointRate, ticks };
        const times = await measureLive(topics.ros, policy, { threads, method, precision, robot }, () =>
          topics.drive(robot),
        );
        const row = { network: name, image: `${width}x${height}`, transport: topics.transport, ticks, ...times };
        rows.push(row);
        say(`\n${text(row)}`);
      }
  } finally {
    topics.ros.close();
  }
  if (json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
}

const pair = ({ p50, p99 }: Spread): string => `${p50.toFixed(2)} / ${p99.toFixed(2)}`;

function text({ network, image, explained, lost, misses, stages, ...times }: LiveRow): string {
  return [
    `${network}, image ${image}: ${explained} explained, ${misses} late, ${lost} lost`,
    columns([
      ["stamp to published", pair(times.total)],
      ...STAGES.map((stage) => [`  ${stage}`, pair(stages[stage])]),
      ["all but inference", pair(times.beside)],
      ["stamp to overlay", pair(times.overlay)],
      ["event-loop delay", pair(times.event_loop_delay)],
    ]),
  ].join("\n");
}
