import { InputError } from "../errors.js";
import type { MeanStd } from "../numbers/mean.js";
import { compare, type Difference } from "./compare.js";
import { CurveStatistics, curveAround, EPISODE_GRID, episodeCurve } from "./curve.js";
import { digest, type RunDigest } from "./digest.js";
import { type EventSpec, eventGrid, eventStamps } from "./events.js";
import { METRICS, type TorqueDigest } from "./metrics.js";
import { type Ranking, rank } from "./ranking.js";
import type { Run, RunIdentity } from "./run.js";
import { difference } from "./run-builder.js";

export interface SurveyOptions {
  readonly name: string;
  readonly events?: readonly EventSpec[];
  /** Seconds before and after an event. */
  readonly window?: number;
}

/** Shares around one kind of event. */
export interface Alignment {
  readonly event: EventSpec;
  /** One curve for each time the event happens. */
  readonly curves: CurveStatistics;
}

/** Runs of one policy, explained by one method; collects their statistics run by run. */
export class Survey {
  readonly name: string;
  readonly runs: RunDigest[] = [];
  readonly #options: SurveyOptions;
  #identity: RunIdentity | undefined;
  #episode: CurveStatistics | undefined;
  #alignments: readonly Alignment[] = [];

  constructor(options: SurveyOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** @throws InputError if there are no runs */
  get identity(): RunIdentity {
    if (!this.#identity) throw new InputError(`${this.name}: no run to report on`);
    return this.#identity;
  }

  /** Shares over per cent of the episode, a curve a run. */
  get episode(): CurveStatistics {
    if (!this.#episode) throw new InputError(`${this.name}: no run to report on`);
    return this.#episode;
  }

  get alignments(): readonly Alignment[] {
    return this.#alignments;
  }

  /** @throws InputError if its identity differs from the runs before */
  add(run: Run): void {
    const problem = this.#identity && difference(this.#identity, run.identity);
    if (problem !== undefined) throw new InputError(`${run.bag}: ${problem}; --against compares two sets of runs`);
    this.#identity ??= run.identity;
    const { events = [], window = 1 } = this.#options;
    const modalities = run.identity.modalities.length;
    this.#episode ??= new CurveStatistics(EPISODE_GRID, modalities);
    if (this.#alignments.length === 0) {
      const grid = eventGrid(window);
      this.#alignments = events.map((event) => ({ event, curves: new CurveStatistics(grid, modalities) }));
    }
    this.runs.push(digest(run));
    this.#episode.add(episodeCurve(run));
    for (const { event, curves } of this.#alignments) {
      for (const at of eventStamps(run, event)) curves.add(curveAround(run, at, curves.grid));
    }
  }

  /** Share of each modality over the runs, [M]. */
  shares(): readonly MeanStd[] {
    return METRICS.shares.ofSet(this.runs.map(({ shares }) => shares));
  }

  /** Each torque over the runs. */
  torques(): readonly TorqueDigest[] {
    return METRICS.torques.ofSet(this.runs.map(({ torques }) => torques));
  }

  /** @param limit most moments for each reason */
  ranking(limit: number): Ranking {
    return rank(this.runs, limit);
  }
}

/** Difference of two sets in the mean share of a modality. */
export interface Comparison {
  readonly modality: string;
  /** Undefined if a policy has no such modality, or no tick of a set counts. */
  readonly difference: Difference | undefined;
}

export function compareSurveys(a: Survey, b: Survey): Comparison[] {
  const modalities = new Set([...a.identity.modalities, ...b.identity.modalities]);
  return Array.from(modalities, (modality) => {
    const means = ({ runs, identity }: Survey) => {
      const m = identity.modalities.indexOf(modality);
      return m < 0 ? [] : runs.map(({ shares }) => shares[m]!.mean);
    };
    return { modality, difference: compare(means(a), means(b)) };
  });
}
