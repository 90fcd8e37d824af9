import { Explainer } from "../explain/explainer.js";
import type { Explanation } from "../explain/explanation.js";
import { LEVELS } from "../explain/explanation.js";
import { jointElementsOf } from "../explain/joint-relevance.js";
import { run } from "../explain/pipeline.js";
import { RealTimeExplainer } from "../explain/real-time-explainer.js";
import type { Facts } from "../health/facts.js";
import { Monitor } from "../health/monitor.js";
import { loadProfile } from "../health/profile.js";
import type { Warnings } from "../health/warnings.js";
import { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import { givenModalities } from "../sensing/given-values.js";
import { Observer } from "../sensing/observer.js";
import { effortLimits, parseUrdf } from "../urdf/urdf.js";
import { unlessAborted } from "./abandon.js";
import type { RosClock } from "./clock.js";
import { Commander } from "./commander.js";
import { Inputs } from "./inputs.js";
import { displayOf, type EXPLAIN_PARAMETERS, syncOf, thresholdsFrom } from "./parameters/explain-parameters.js";
import type { Parameters } from "./parameters/parameters.js";
import { VALUES_PREFIX, valuesFrom, valuesTable } from "./parameters/values-parameters.js";
import type { QosOverrides } from "./qos.js";
import { rehearse } from "./rehearsal.js";
import type { RosNode } from "./ros.js";
import { RosSink } from "./ros-sink.js";
import { RosSource } from "./ros-source.js";

export type ExplainParameters = Parameters<typeof EXPLAIN_PARAMETERS>;

/** What a session needs of the node around it. */
export interface Surroundings {
  readonly ros: RosNode;
  readonly parameters: ExplainParameters;
  readonly clock: RosClock;
  readonly qos: QosOverrides;
  readonly warnings: Warnings;
  readonly loadPolicy: (path: string, card: string | undefined) => Promise<Policy>;
  readonly methodOf: (spec: string) => Promise<Method>;
}

/** The parts that are there from configure to clean-up. */
interface Parts {
  readonly policy: Policy;
  readonly explainer: RealTimeExplainer;
  readonly observer: Observer;
  readonly encoder: ChannelEncoder;
  readonly monitor: Monitor;
  readonly sink: RosSink;
}

/** Topics begin at different times: as long it is no problem that images find nothing of theirs, seconds. */
const QUIET_START = 5;

/** From configure to clean-up: a policy loaded, compiled and warm, and the topics that its explanations go to. */
export class ExplainSession {
  #inputs: Inputs | undefined;
  #source: RosSource | undefined;
  #commander: Commander | undefined;
  #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly around: Surroundings,
    readonly parts: Parts,
  ) {}

  /**
   * @param signal ends the opening, which then throws its reason
   * @throws InputError naming what is wrong with policy, card, arm, method or profile; nothing is left behind then
   */
  static async open(around: Surroundings, signal: AbortSignal): Promise<ExplainSession> {
    const { ros, parameters, clock, qos, warnings } = around;
    const get = parameters.get.bind(parameters);
    const policy = await around.loadPolicy(get("policy"), get("card") || undefined);
    signal.throwIfAborted();
    const others = givenModalities(policy);
    parameters.replace(VALUES_PREFIX, valuesTable(others));
    const said = valuesFrom(others, (name) => parameters.value(name)).filter(([, values]) => values !== undefined);
    const opened: (() => unknown)[] = [];
    let session: ExplainSession | undefined;
    try {
      const path = get("profile");
      const profile = path === "" ? undefined : await loadProfile(path);
      const problem = (name: string, reason: string) => warnings.problem(session?.topicOf(name) ?? name, reason);
      const making = Observer.create(policy, {
        ...syncOf(get),
        now: () => clock.now(),
        problem,
        quietStart: QUIET_START,
        values: Object.fromEntries(said) as Readonly<Record<string, readonly number[]>>,
        heard: others.map(({ name }) => name),
      });
      const observer = await unlessAborted(making, signal, (late) => late.delete());
      opened.push(() => observer.delete());
      const driven = await Explainer.create(policy, {
        method: await around.methodOf(get("method")),
        levels: LEVELS,
        aside: true,
        budget: get("budget"),
        threads: get("threads"),
        device: get("device"),
        precision: get("precision"),
        signal,
      });
      opened.push(() => driven.close());
      const explainer = new RealTimeExplainer(driven, {
        level: get("level"),
        heatmapOf: get("heatmap_joint") || undefined,
      });
      const encoder = new ChannelEncoder({
        cameras: observer.cameras,
        jointElements: jointElementsOf(policy.modalities),
        display: displayOf(get),
      });
      // Not through `explainer`, which would choose its level by it.
      await rehearse(policy, driven, encoder, signal);
      const monitor = new Monitor({
        name: ros.name,
        hardwareId: policy.card.name,
        now: () => performance.now(),
        thresholds: thresholdsFrom(get),
        ...(profile && { profile }),
      });
      const sink = new RosSink(ros, { encoder, qos, problem: (topic, reason) => warnings.problem(topic, reason) });
      session = new ExplainSession(around, { policy, explainer, observer, encoder, monitor, sink });
      return session;
    } catch (error) {
      for (const close of opened.reverse()) await close();
      throw error;
    }
  }

  /** Listens, explains and publishes. @throws InputError where a topic cannot be opened; nothing is left open then */
  activate(): void {
    const { ros, parameters, clock, qos, warnings } = this.around;
    const { policy, explainer, observer, encoder, monitor, sink } = this.parts;
    const problem = (topic: string, reason: string) => warnings.problem(topic, reason);
    try {
      if (parameters.get("publish_torque")) {
        this.#commander = new Commander(ros, { card: policy.card, qos, now: () => clock.now(), problem });
      }
      const source = new RosSource(observer, this.#failed, this.#commander);
      this.#source = source;
      this.#inputs = new Inputs(ros, {
        policy,
        observer,
        transport: parameters.get("image_transport"),
        qos,
        matched: source.matched,
        problem,
        described: (urdf) => {
          const efforts = effortLimits(parseUrdf(urdf, "description"));
          encoder.setRobot(urdf);
          this.#commander?.limit(efforts);
        },
      });
      monitor.restart();
      this.#ending = new AbortController();
      const publish = {
        write: (explanation: Explanation) => {
          sink.write(explanation);
          monitor.explained(explanation, this.#age(explanation));
        },
        close: async () => {},
      };
      this.#running = run(source, explainer, [publish], this.#ending.signal, this.#failed).catch(this.#failed);
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /** Stops listening; what is under way is still published. */
  async deactivate(): Promise<void> {
    this.#stop();
    await this.#running;
    this.parts.observer.reset();
  }

  async close(): Promise<void> {
    await this.deactivate();
    const { explainer, observer, sink } = this.parts;
    await sink.close();
    observer.delete();
    await explainer.close();
  }

  /** The resolved name of a topic that the observer tells of. */
  topicOf(name: string): string {
    return this.#inputs?.topicOf(name) ?? name;
  }

  /** Looks after the topics. To be called once a second. */
  check(): void {
    this.#inputs?.check((topic, reason) => this.around.warnings.problem(topic, reason));
  }

  /** What diagnostics are told. */
  facts(): Facts {
    const { policy, explainer, observer, sink } = this.parts;
    const level = this.around.parameters.get("level");
    return {
      active: this.#inputs !== undefined,
      expectedRate: 1 / policy.card.control_period,
      deadlineMs: explainer.deadlineMs,
      wantedLevel: level === "auto" ? "full" : level,
      inputs: this.#inputs?.counts() ?? observer.counters(),
      continuous: this.#inputs?.continuous ?? [],
      replaced: this.#source?.replaced ?? 0,
      outputs: sink.counts(),
    };
  }

  #stop(): void {
    this.#ending.abort();
    this.#inputs?.close();
    this.#inputs = undefined;
    this.#commander?.close();
    this.#commander = undefined;
  }

  /** Image stamp → now, milliseconds; NaN under simulated time, which stands still between its ticks. */
  #age({ observation }: Explanation): number {
    if (this.around.clock.isSimulated) return Number.NaN;
    return Number((this.around.clock.now() - observation.stamp) / 1000n) / 1000;
  }

  readonly #failed = (error: Error): undefined => {
    this.parts.monitor.failed(error.message);
    this.around.warnings.problem("not explained", error.message);
    this.around.ros.log("debug", error.stack ?? "");
  };
}
