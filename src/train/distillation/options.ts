import type { Policy } from "../../policy/policy.js";
import type { HistoryState } from "../history/history.js";
import type { AdamState } from "../network/adam.js";
import type { Teaching } from "./collect.js";
import type { Play } from "./play.js";
import type { DistillationRecipe } from "./recipe.js";
import type { filledOf } from "./states.js";

/** Everything that the rest of a distillation depends on, but the states. */
export interface DistillationCheckpoint {
  /** The next round, and the next step in it. */
  readonly round: number;
  readonly step: number;
  readonly optimiser: AdamState;
  readonly parameters: Float32Array;
  readonly history: HistoryState;
}

/** The states as they are from a round on. */
export interface StatesCheckpoint {
  readonly round: number;
  readonly history: HistoryState;
  readonly filled: readonly number[];
  readonly numbers: readonly ReturnType<typeof filledOf>[];
}

/** The newest checkpoints of both kinds; undefined before the first. */
export interface Earlier {
  readonly student?: DistillationCheckpoint | undefined;
  readonly states?: StatesCheckpoint | undefined;
}

export interface DistillationProgress {
  /** In steps; a state with its saliency counts as one, others a fifth. */
  readonly done: number;
  readonly total: number;
  readonly phase: string;
  readonly loss?: number;
  readonly note: string;
}

export interface DistillationOptions {
  readonly teacher: Policy;
  readonly recipe: DistillationRecipe;
  readonly teaching: Teaching;
  readonly seed: number;
  readonly play: Play;
  readonly progress?: (progress: DistillationProgress) => void;
  readonly signal?: AbortSignal | undefined;
  /**
   * Checkpoints of an earlier distillation with the same options; asked for once it is known that the teacher can be
   * distilled.
   */
  readonly earlier?: () => Promise<Earlier>;
  /** Called after every round, and at intervals within it; never with parameters that are not finite. */
  readonly keep?: ((checkpoint: DistillationCheckpoint) => Promise<void>) | undefined;
  /** Called where states were collected. */
  readonly keepStates?: ((checkpoint: StatesCheckpoint) => Promise<void>) | undefined;
  /** Seconds between two checkpoints within a round, default 20. */
  readonly keepEvery?: number;
}
