import type { Explanation } from "../../explain/explanation.js";
import { run } from "../../explain/pipeline.js";
import type { Facts } from "../../health/facts.js";
import type { DiagnosticArrayMessage } from "../../messages/types.js";
import { effortLimits, parseUrdf } from "../../urdf/urdf.js";
import { Commander } from "./commander.js";
import { Inputs } from "./inputs.js";
import { openParts, type Parts, type PatternFacts } from "./parts.js";
import { RosSource } from "./ros-source.js";

/** A configured node: activated, it subscribes, explains and publishes. */
export class ExplainSession {
  #inputs: Inputs | undefined;
  #source: RosSource | undefined;
  #commander: Commander | undefined;
  #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly around: PatternFacts,
    readonly parts: Parts,
  ) {}

  /** As `openParts`. */
  static async open(around: PatternFacts, signal: AbortSignal): Promise<ExplainSession> {
    let session: ExplainSession | undefined;
    const parts = await openParts(around, signal, (counter) => session?.topicOf(counter) ?? counter);
    session = new ExplainSession(around, parts);
    return session;
  }

  /** Subscribes, explains and publishes. @throws InputError where a topic cannot be opened; nothing stays open then */
  activate(): void {
    const { ros, parameters, clock, qos, warnings } = this.around;
    const { policy, explainer, observer, encoder, comparison, monitor, sink, viewer } = this.parts;
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
          const problems = encoder.setRobot(urdf);
          this.#commander?.limit(efforts);
          viewer?.robotChanged();
          return problems;
        },
      });
      monitor.restart();
      this.#ending = new AbortController();
      const publish = {
        write: (explanation: Explanation) => {
          sink.write(explanation);
          viewer?.write(explanation);
          monitor.explained(explanation, this.#age(explanation));
        },
        close: async () => {},
      };
      const toViewer = { write: (explanation: Explanation) => viewer?.writeCompared(explanation) };
      const again = comparison.into([toViewer], (error) =>
        problem("not explained by the second method", error.message),
      );
      this.#running = run(source, explainer, [publish, again], this.#ending.signal, this.#failed).catch(this.#failed);
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /** Unsubscribes; the explanation under way is still published. */
  async deactivate(): Promise<void> {
    this.#stop();
    await this.#running;
    this.parts.observer.reset();
  }

  async close(): Promise<void> {
    await this.deactivate();
    const { explainer, observer, comparison, sink, viewer } = this.parts;
    await viewer?.close();
    await sink.close();
    await comparison.close();
    observer.delete();
    await explainer.close();
  }

  /** Resolved topic of a name in the observer's counters. */
  topicOf(counter: string): string {
    return this.#inputs?.topicOf(counter) ?? counter;
  }

  /** Checks the topics for publishers that do not match. Call it once a second. */
  check(): void {
    this.#inputs?.check((topic, reason) => this.around.warnings.problem(topic, reason));
  }

  /** Facts for the diagnostics. */
  facts(): Facts {
    const { policy, explainer, observer, comparison, sink } = this.parts;
    const level = this.around.parameters.get("level");
    return {
      active: this.#inputs !== undefined,
      expectedRate: 1 / policy.card.control_period,
      deadlineMs: explainer.deadlineMs,
      wantedLevel: level === "auto" ? "full" : level,
      clock: { seconds: this.around.clock.seconds, isSimulated: this.around.clock.isSimulated },
      pauses: observer.pauses(),
      inputs: this.#inputs?.counts() ?? observer.counters(),
      continuous: this.#inputs?.continuous ?? [],
      replaced: this.#source?.replaced ?? 0,
      outputs: { ...sink.counts(), ...comparison.counts() },
    };
  }

  /** Shows diagnostics on the page. */
  report(diagnostics: DiagnosticArrayMessage): void {
    this.parts.encoder.setReport(diagnostics);
    this.parts.viewer?.reportChanged();
  }

  #stop(): void {
    this.#ending.abort();
    this.#inputs?.close();
    this.#inputs = undefined;
    this.#commander?.close();
    this.#commander = undefined;
  }

  /** Image stamp → now, milliseconds; NaN with simulated time, which stands still between ticks. */
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
