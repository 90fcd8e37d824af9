import type { Reference } from "../../detectors/reference.js";
import { InputError } from "../../errors.js";
import { ComparedMethod } from "../../explain/compared-method.js";
import { Explainer } from "../../explain/explainer.js";
import { LEVELS } from "../../explain/explanation.js";
import { checkedSubject, methodFor } from "../../explain/heatmap-subject.js";
import { jointElementsOf } from "../../explain/joint-relevance.js";
import { RealTimeExplainer } from "../../explain/real-time-explainer.js";
import { Monitor } from "../../health/monitor.js";
import { loadProfile } from "../../health/profile.js";
import type { Thresholds } from "../../health/thresholds.js";
import type { Warnings } from "../../health/warnings.js";
import { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { DisplayOptions } from "../../messages/display.js";
import { areTorques, doingOf } from "../../outputs/kinds.js";
import { DISPLAY_PARAMETERS } from "../../parameters/display-parameters.js";
import { optionsFrom } from "../../parameters/option-table.js";
import type { Parameters } from "../../parameters/parameters.js";
import { subjectFrom } from "../../parameters/subject.js";
import { attendedModalities } from "../../policy/attention.js";
import type { Policy } from "../../policy/policy.js";
import type { Method } from "../../relevance/contract/method.js";
import { givenModalities } from "../../sensing/given-values.js";
import { Observer } from "../../sensing/observer.js";
import type { SyncOptions } from "../../sensing/sync-options.js";
import type { RosClock } from "../client/clock.js";
import type { RosNode } from "../client/ros.js";
import { DIAGNOSTICS_PARAMETERS } from "../parameters/diagnostics-parameters.js";
import type { EXPLAIN_PARAMETERS } from "../parameters/explain-parameters.js";
import type { QosOverrides } from "../parameters/qos-overrides.js";
import { SYNC_PARAMETERS } from "../parameters/sync-parameters.js";
import { VALUES_PREFIX, valuesFrom, valuesTable } from "../parameters/values-parameters.js";
import { unlessAborted } from "./abandon.js";
import { Comparison } from "./comparison.js";
import { rehearse } from "./rehearsal.js";
import { RosSink } from "./ros-sink.js";
import { Viewer } from "./viewer.js";

/** The node around a session. */
export interface PatternFacts {
  readonly ros: RosNode;
  readonly parameters: Parameters<typeof EXPLAIN_PARAMETERS>;
  readonly clock: RosClock;
  readonly qos: QosOverrides;
  readonly warnings: Warnings;
  readonly loadPolicy: (path: string, card: string | undefined) => Promise<Policy>;
  readonly methodOf: (spec: string) => Promise<Method>;
  /** Learns what is usual from a recording of good runs. */
  readonly goodRunsOf: (path: string, policy: Policy) => Promise<Reference>;
}

/** What a configured node holds until its clean-up. */
export interface Parts {
  readonly policy: Policy;
  readonly explainer: RealTimeExplainer;
  readonly observer: Observer;
  readonly encoder: ChannelEncoder;
  /** Of the second explanation of a tick. */
  readonly comparedEncoder: ChannelEncoder;
  readonly comparison: Comparison;
  readonly monitor: Monitor;
  readonly sink: RosSink;
  readonly viewer: Viewer | undefined;
}

/** Topics start at different times: for so long, unmatched images are not reported, seconds. */
const QUIET_START = 5;

/**
 * Loads, compiles and warms up a policy, and opens the topics of its explanations.
 * @param signal aborts the opening, which then throws its reason
 * @param topicOf resolved topic of a name in the observer's counters
 * @throws InputError naming the fault in policy, card, arm, method or profile; nothing stays open then
 */
export async function openParts(
  around: PatternFacts,
  signal: AbortSignal,
  topicOf: (counter: string) => string,
): Promise<Parts> {
  const { ros, parameters, clock, qos, warnings } = around;
  const get = parameters.get.bind(parameters);
  const value = parameters.value.bind(parameters);
  const policy = await around.loadPolicy(get("policy"), get("card") || undefined);
  signal.throwIfAborted();
  if (get("publish_torque") && !areTorques(policy.outputs))
    throw new InputError(
      `publish_torque: found true, expected false: the node sends torques, ${policy.card.name} ${doingOf(policy.outputs)}`,
    );
  const others = givenModalities(policy);
  parameters.replace(VALUES_PREFIX, valuesTable(others));
  const values = valuesFrom(others, value).filter(([, elements]) => elements !== undefined);
  const opened: (() => unknown)[] = [];
  try {
    const path = get("profile");
    const profile = path === "" ? undefined : await loadProfile(path);
    const problem = (name: string, reason: string) => warnings.problem(topicOf(name), reason);
    const making = Observer.create(policy, {
      ...optionsFrom<SyncOptions>(SYNC_PARAMETERS, value),
      now: () => clock.now(),
      problem,
      quietStart: QUIET_START,
      values: Object.fromEntries(values) as Readonly<Record<string, readonly number[]>>,
      heard: others.map(({ name }) => name),
      instruction: get("instruction") || undefined,
    });
    const observer = await unlessAborted(making, signal, (late) => late.delete());
    opened.push(() => observer.delete());
    const subject = subjectFrom(get);
    checkedSubject(subject, policy.outputs);
    const create = (method: Method) =>
      Explainer.create(policy, {
        method,
        levels: LEVELS,
        compileInThread: true,
        budget: get("budget"),
        threads: get("threads"),
        device: get("device"),
        precision: get("precision"),
        ...(get("omit") >= 0 && { omit: get("omit") }),
        signal,
      });
    const driven = await create(methodFor(policy, subject, await around.methodOf(get("method"))));
    opened.push(() => driven.close());
    const explainer = new RealTimeExplainer(driven, {
      level: get("level"),
      ...subject,
    });
    const { cameras } = observer;
    const display = optionsFrom<DisplayOptions>(DISPLAY_PARAMETERS, value);
    const jointElements = jointElementsOf(policy.modalities);
    const attended = attendedModalities(policy.attention);
    const encoder = new ChannelEncoder({
      cameras,
      attended,
      jointElements,
      display,
      listens: policy.language !== undefined,
      isOfNode: true,
    });
    const comparedEncoder = new ChannelEncoder({ cameras, display, isCompared: true });
    // Not through `explainer`: it would choose its level by these times.
    await rehearse(policy, driven, encoder, signal);
    const monitor = new Monitor({
      name: ros.fullName,
      hardwareId: ros.fullName,
      now: () => performance.now(),
      thresholds: optionsFrom<Thresholds>(DIAGNOSTICS_PARAMETERS, value),
      ...(profile && { profile }),
      reference: get("good_runs") === "" ? undefined : await around.goodRunsOf(get("good_runs"), policy),
    });
    const report = (topic: string, reason: string) => warnings.problem(topic, reason);
    const comparison = new Comparison({
      compared: new ComparedMethod(policy, async (method) => {
        const second = await create(method);
        for (const line of second.warnings) ros.log("warn", line);
        return second;
      }),
      sink: new RosSink(ros, { encoder: comparedEncoder, qos, problem: report }),
      commands: get("publish_torque"),
    });
    opened.push(() => comparison.close());
    await comparison.set(await secondMethod(around, get("compare_method")));
    const viewer = await Viewer.open(around, {
      encoder,
      compared: comparedEncoder,
      name: `torquelens ${policy.card.name}`,
    });
    opened.push(() => viewer?.close());
    signal.throwIfAborted();
    const sink = new RosSink(ros, { encoder, qos, problem: report });
    opened.push(() => sink.close());
    sink.open();
    parameters.report([["joints", policy.card.joints]]);
    return { policy, explainer, observer, encoder, comparedEncoder, comparison, monitor, sink, viewer };
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

/** The method that `compare_method` names; undefined for none. */
export async function secondMethod(
  { methodOf }: Pick<PatternFacts, "methodOf">,
  spec: string,
): Promise<Method | undefined> {
  return spec === "" ? undefined : methodOf(spec);
}
