import type { ImageAblation } from "./ablation.js";
import type { Perturbation } from "./perturbations.js";

/** The end of one episode. */
export interface EpisodeOutcome {
  /** Counted from 0. */
  readonly episode: number;
  readonly success: boolean;
  /** Seconds from the episode's start until the task was done for good; undefined without success. */
  readonly reached: number | undefined;
  /** Distance from the goal, metres; of arms. */
  readonly error: number | undefined;
  /** Sum of the rewards; of worlds. */
  readonly sumOfRewards?: number | undefined;
  /** Condition that it began in; empty where the goal lies anywhere, and of worlds. */
  readonly condition?: string;
  /** Image ablation, and the changes of this episode, those of clients too. */
  readonly ablation?: ImageAblation | undefined;
  readonly perturbations?: readonly Perturbation[];
}

export interface SimulationSummary {
  /** Finished control steps. */
  readonly ticks: number;
  /** Finished episodes. */
  readonly episodes: number;
  readonly successes: number;
  /** Part of the finished episodes that succeeded; NaN before the first one ends. */
  readonly successRate: number;
  /** Distance from the goal at the end of each finished episode, metres; of the last 10,000. */
  readonly finalErrors: readonly number[];
  /** Sum of the rewards of each finished episode of a world; of the last 10,000. */
  readonly returns: readonly number[];
  /** Ticks that began late, and the largest delay, milliseconds (`speed` > 0). */
  readonly lateTicks: number;
  readonly latestMs: number;
  /** Ticks whose torque was clipped to its limits. */
  readonly clippedTicks: number;
}

const KEPT = 10_000;

/** Counts control steps and episodes, and tells when an episode's task has been done for long enough. */
export class Tally {
  readonly #period: number;
  /** Control steps of the episode, and those before the task was done, where it is done. */
  #steps = 0;
  #doneAfter: number | undefined;
  #ticks = 0;
  #episodes = 0;
  #successes = 0;
  #clippedTicks = 0;
  readonly #errors: number[] = [];
  readonly #returns: number[] = [];

  /** @param period seconds a control step */
  constructor(period: number) {
    this.#period = period;
  }

  /** Finished control steps. */
  get ticks(): number {
    return this.#ticks;
  }

  /** An episode begins. */
  begin(): void {
    this.#steps = 0;
    this.#doneAfter = undefined;
  }

  /** A control step ends: whether the task is done now, and whether its torque was clipped. */
  step(isDone: boolean, isClipped: boolean): void {
    this.#ticks++;
    this.#steps++;
    if (isClipped) this.#clippedTicks++;
    this.#doneAfter = isDone ? (this.#doneAfter ?? this.#steps) : undefined;
  }

  /** True where the task has been done for `rest` seconds. */
  hasRested(rest: number): boolean {
    return this.#doneAfter !== undefined && (this.#steps - this.#doneAfter) * this.#period >= rest - 1e-9;
  }

  /** The episode ends. */
  finish(episode: number, { error, sumOfRewards }: Pick<EpisodeOutcome, "error" | "sumOfRewards">): EpisodeOutcome {
    const after = this.#doneAfter;
    this.#episodes++;
    if (after !== undefined) this.#successes++;
    keep(this.#errors, error);
    keep(this.#returns, sumOfRewards);
    return {
      episode,
      success: after !== undefined,
      reached: after === undefined ? undefined : after * this.#period,
      error,
      sumOfRewards,
    };
  }

  /** @param pace ticks that began late, and the largest delay in milliseconds */
  summary({ late, latest }: { readonly late: number; readonly latest: number }): SimulationSummary {
    return {
      ticks: this.#ticks,
      episodes: this.#episodes,
      successes: this.#successes,
      successRate: this.#successes / this.#episodes,
      finalErrors: [...this.#errors],
      returns: [...this.#returns],
      lateTicks: late,
      latestMs: latest,
      clippedTicks: this.#clippedTicks,
    };
  }
}

function keep(values: number[], value: number | undefined): void {
  if (value !== undefined) values.push(value);
  if (values.length > KEPT) values.shift();
}
