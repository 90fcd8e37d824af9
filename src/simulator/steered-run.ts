import type { Explanation } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import type { AnyExplainer, ExplainOptions, Source } from "../explain/pipeline.js";
import type { SimulationSummary } from "../sim/tally.js";
import type { Stage } from "./stage.js";

/**
 * A simulation whose task and policy can change while it runs: source and explainer of one pipeline. Ticks and stamps go
 * on over a change.
 */
export class SteeredRun implements Source, AnyExplainer {
  #stage: Stage;
  #waiting: { readonly stage: Stage; readonly done: () => void } | undefined;
  /** Of the stages before this one. */
  #before: SimulationSummary | undefined;
  #tick = 0;
  #stamp: bigint | undefined;
  #closed = false;

  /** @param changed called between two ticks, when another stage begins */
  constructor(
    stage: Stage,
    private readonly changed: (stage: Stage) => void,
  ) {
    this.#stage = stage;
  }

  get stage(): Stage {
    return this.#stage;
  }

  get robotDescription(): string | undefined {
    return this.#stage.source.robotDescription;
  }

  async *observations(): AsyncGenerator<Observation> {
    while (true) {
      yield* this.#shifted();
      const next = this.#waiting;
      if (!next || this.#closed) return;
      this.#waiting = undefined;
      const old = this.#stage;
      this.#before = this.summary();
      this.#stage = next.stage;
      this.changed(next.stage);
      next.done();
      await closeExplainers(old);
    }
  }

  /** Shows the next tick also while the simulation is paused. */
  showNext(): void {
    const { gate } = this.#stage.source;
    if (gate.isPaused) void gate.step(1);
  }

  /** Goes on with another stage at the next tick. Resolves then. */
  async change(stage: Stage): Promise<void> {
    if (this.#closed) {
      await Promise.all([stage.source.close(), closeExplainers(stage)]);
      return;
    }
    const begun = new Promise<void>((resolve) => {
      this.#waiting = { stage, done: resolve };
    });
    await this.#stage.source.close();
    await begun;
  }

  accept(explanation: Explanation): void {
    this.#stage.source.accept(explanation);
  }

  explain(observation: Observation, options?: ExplainOptions): Promise<Explanation> {
    return this.#stage.explainer.explain(observation, options);
  }

  /** Over all stages. */
  summary(): SimulationSummary {
    const now = this.#stage.source.summary();
    const before = this.#before;
    if (!before) return now;
    const [episodes, successes] = [before.episodes + now.episodes, before.successes + now.successes];
    return {
      ticks: before.ticks + now.ticks,
      episodes,
      successes,
      successRate: successes / episodes,
      finalErrors: [...before.finalErrors, ...now.finalErrors].slice(-10_000),
      returns: [...before.returns, ...now.returns].slice(-10_000),
      lateTicks: before.lateTicks + now.lateTicks,
      latestMs: Math.max(before.latestMs, now.latestMs),
      clippedTicks: before.clippedTicks + now.clippedTicks,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done();
    await this.#stage.source.close();
    await closeExplainers(this.#stage);
    if (waiting) await Promise.all([waiting.stage.source.close(), closeExplainers(waiting.stage)]);
  }

  /** Observations of this stage, with ticks and stamps that go on from the stage before. */
  async *#shifted(): AsyncGenerator<Observation> {
    const { source, policy } = this.#stage;
    const period = BigInt(Math.round(policy.card.control_period * 1e9));
    let shift: bigint | undefined;
    for await (const observation of source.observations()) {
      shift ??= this.#stamp === undefined ? 0n : this.#stamp + period - observation.stamp;
      this.#stamp = observation.stamp + shift;
      yield { ...observation, tick: this.#tick++, stamp: this.#stamp };
    }
  }
}

const closeExplainers = ({ explainer, compared }: Stage) => Promise.all([explainer.close(), compared.close()]);
