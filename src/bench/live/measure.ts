import { monitorEventLoopDelay } from "node:perf_hooks";
import { jointElementsOf } from "../../explain/joint-relevance.js";
import { run } from "../../explain/pipeline.js";
import { RealTimeExplainer } from "../../explain/real-time-explainer.js";
import { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { Policy } from "../../policy/policy.js";
import type { Method } from "../../relevance/contract/method.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { RosNode } from "../../ros/client/ros.js";
import { Inputs } from "../../ros/explain/inputs.js";
import { rehearse } from "../../ros/explain/rehearsal.js";
import { RosSink } from "../../ros/explain/ros-sink.js";
import { RosSource } from "../../ros/explain/ros-source.js";
import { QosOverrides } from "../../ros/parameters/qos-overrides.js";
import { Observer } from "../../sensing/observer.js";
import type { RobotOptions } from "./robot.js";
import { type Spread, STAGES, type Stage, Stopwatch } from "./stopwatch.js";

export interface LiveOptions {
  readonly threads: number;
  readonly method: Method;
  readonly precision: Precision;
  readonly robot: RobotOptions;
}

/** Milliseconds of one policy and image size. */
export interface LiveTimes {
  /** Explanations published. */
  readonly explained: number;
  /** Images without an explanation. */
  readonly lost: number;
  /** Explanations later than the deadline, control period × budget. */
  readonly misses: number;
  readonly total: Spread;
  readonly stages: Readonly<Record<Stage, Spread>>;
  /** All stages but inference. */
  readonly beside: Spread;
  /** Image stamp → overlay JPEG. */
  readonly overlay: Spread;
  readonly event_loop_delay: Spread;
}

/**
 * The node's own pipeline at level `full`: subscriptions, observer, explainer, publishers.
 * @param drive sends the robot's messages; resolves when all are sent
 */
export async function measureLive(
  ros: RosNode,
  policy: Policy,
  { threads, method, precision, robot }: LiveOptions,
  drive: () => Promise<void>,
): Promise<LiveTimes> {
  const watch = new Stopwatch(robot.ticks);
  const node = watch.node(ros);
  const qos = new QosOverrides([], () => undefined);
  const others = policy.modalities.filter((m) => m.kind === "values" && m.quantity === "other");
  const values = Object.fromEntries(others.map(({ name, size }) => [name, new Float64Array(size).fill(0.1)]));
  const tell = (topic: string, reason: string) => void process.stderr.write(`${topic}: ${reason}\n`);
  const problems = new Set<string>();
  const problem = (topic: string, reason: string) => {
    if (!problems.has(topic)) tell(topic, reason);
    problems.add(topic);
  };
  const observer = await Observer.create(policy, { now: () => ros.systemTime(), problem, values });
  const explainer = await RealTimeExplainer.create(policy, { method, precision, threads, level: "full" });
  const channels = { cameras: observer.cameras, jointElements: jointElementsOf(policy.modalities) };
  await rehearse(policy, explainer, new ChannelEncoder(channels));
  const encoder = watch.encoder(channels);
  const sink = new RosSink(node, { encoder, qos, problem });
  sink.open();
  const failures: Error[] = [];
  const source = new RosSource(observer, (error) => void failures.push(error), undefined);
  const matched: RosSource["matched"] = (match) => source.matched(watch.match(match));
  const inputs = new Inputs(node, {
    policy,
    observer,
    transport: "raw",
    qos,
    matched,
    described: () => [],
    problem,
  });
  const ending = new AbortController();
  const timed = {
    write: (explanation: Parameters<RosSink["write"]>[0]) => watch.write(explanation, () => sink.write(explanation)),
    close: () => sink.close(),
  };
  const running = run(source, explainer, [timed], ending.signal);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  try {
    delay.enable();
    await drive();
    delay.disable();
  } finally {
    ending.abort();
    await running;
    inputs.close();
    observer.delete();
    await explainer.close();
  }
  if (failures.length > 0) throw failures[0];
  return {
    explained: watch.explained,
    lost: robot.ticks - watch.explained,
    misses: watch.misses,
    total: watch.spread("total"),
    stages: Object.fromEntries(STAGES.map((stage) => [stage, watch.spread(stage)])) as Record<Stage, Spread>,
    beside: watch.spread("beside"),
    overlay: watch.spread("overlay"),
    event_loop_delay: { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
  };
}
