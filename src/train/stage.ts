import type { Demonstrations } from "./demonstrations.js";
import type { IterationFigures } from "./outcome.js";
import type { Group } from "./parameters.js";
import type { Team, Watch } from "./team.js";
import type { Request } from "./worker.js";

/** One of the things that a training does one after another: it can be taken up again at each of them. */
export type Stage = FitStage | CollectStage;

/** Lowers a loss. */
export interface FitStage {
  readonly kind: "fit";
  /** Its name in curves and progress. */
  readonly phase: string;
  readonly group: Group;
  readonly steps: number;
  readonly rate: number;
  readonly request: (step: number) => Request;
}

/** Fills rows of the demonstrations, and says how well the policy does that is being trained. */
export interface CollectStage {
  readonly kind: "collect";
  readonly phase: string;
  /** Its share of the whole, in pose steps. */
  readonly cost: number;
  collect(room: Room): Promise<Collected>;
}

export interface Collected {
  /** Rows of the demonstrations that are filled now. */
  readonly rows: number;
  readonly figures: IterationFigures;
}

/** What a stage that collects has at hand. */
export interface Room extends Watch {
  readonly seed: number;
  readonly team: Team;
  readonly demonstrations: Demonstrations;
  /** Figures of the iterations so far. */
  readonly iterations: readonly IterationFigures[];
  /** The policy as it is now, with its feature points as an output. */
  policy(): Uint8Array;
}

/** Puts the training's episodes far from those of the seeds that people test with. */
export const TRAINING_SEED = 1_000_003;
