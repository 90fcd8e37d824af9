import type { Demonstrations } from "../episodes/demonstrations.js";
import type { IterationFigures } from "../episodes/outcome.js";
import type { Group } from "../network/parameters.js";
import type { Team, Watch } from "./team.js";
import type { Request } from "./work.js";

/** One step of a training's schedule. A training can resume at each of them. */
export type Stage = FitStage | CollectStage;

interface BaseStage {
  /** Its name in curves and progress. */
  readonly phase: string;
  /** Its part of the whole training for the progress bar, in steps of the pose warm-up. */
  readonly cost: number;
}

/** Lowers a loss. */
export interface FitStage extends BaseStage {
  readonly kind: "fit";
  readonly group: Group;
  readonly steps: number;
  readonly rate: number;
  /** The request to the workers at a step. */
  request(step: number): Request;
  /** A few words on the progress, from the step's scalars and the iterations so far. */
  note(scalars: readonly number[], iterations: readonly IterationFigures[]): string;
}

/** Fills rows of the demonstrations, and measures the policy in training where it runs episodes. */
export interface CollectStage extends BaseStage {
  readonly kind: "collect";
  collect(context: CollectContext): Promise<Collected>;
}

export interface Collected {
  /** Filled rows of the demonstrations. */
  readonly rows: number;
  /** How the episodes went, where some were run. */
  readonly figures?: IterationFigures;
}

export interface CollectContext extends Watch {
  readonly seed: number;
  readonly team: Team;
  readonly demonstrations: Demonstrations;
  /** Figures of the iterations so far. */
  readonly iterations: readonly IterationFigures[];
  /** The policy as it is now, with its feature points as an output. */
  policy(): Uint8Array;
}
