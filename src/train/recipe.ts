import type { NetworkSpec } from "./network.js";

/** What every training begins with: the network, and the pose warm-up of its convolutions. */
export interface Groundwork {
  readonly spec: NetworkSpec;
  readonly workers: number;
  /** Feature points for each of the lesson's landmarks, in their order. */
  readonly landmarkChannels: readonly number[];
  /** See `Initialisation`. */
  readonly sharpness: number;
  /** Pose warm-up: samples of a worker's step; 0 steps leave the convolutions random (the control). */
  readonly vision: {
    readonly batch: number;
    readonly steps: number;
    readonly rate: number;
    /** Width of the wanted blob, cells. */
    readonly blob: number;
    /** See `PoseLossOptions.spread`. */
    readonly spread: number;
    /** Weight of the position error: the first value, rising to the second over the last 60 % of the steps. */
    readonly precision: readonly [first: number, last: number];
  };
}

/** How the fully connected layers are fitted to labelled ticks, round after round. */
export interface HeadFits {
  readonly batch: number;
  readonly steps: number;
  readonly finalSteps: number;
  readonly rate: number;
  /** Feature noise, standard deviations: while collecting, and in the last fit. */
  readonly noise: readonly [collecting: number, last: number];
  /** See `Sampling.stale`. */
  readonly stale: number;
}

/** One round of the expert's own episodes, then rounds of the policy's, labelled by the expert (DAgger). */
export interface Imitation extends HeadFits {
  readonly rounds: number;
  readonly episodes: number;
  /** Noise on the applied torque, fractions of the limits: in the expert's round, and in every second other one. */
  readonly torqueNoise: readonly [expert: number, policy: number];
}

/** Mirror descent guided policy search. */
export interface Gps extends HeadFits {
  /** Noise on the expert's torques in its round, fractions of the limits: what answers it tells the policy its gains. */
  readonly expertNoise: number;
  readonly iterations: number;
  /** Starts, each with controllers of its own. */
  readonly conditions: number;
  /** Episodes a condition and iteration to learn from. */
  readonly samples: number;
  /** Iterations that a fit learns from, the newest ones. */
  readonly window: number;
  /** Bound of the controllers' divergence from the policy to begin with, nats a control step. */
  readonly bound: number;
  /** See `LocalProblemOptions`. */
  readonly torqueNoise: number;
  readonly startNoise: number;
  readonly probe: readonly [position: number, velocity: number];
  readonly dynamics: "derivatives" | "differences";
  readonly widest: readonly [position: number, velocity: number];
}

/** Everything that decides what comes out of a training, but the seed. */
export type Recipe = Groundwork & ({ readonly imitation: Imitation } | { readonly gps: Gps });

/** The same with a camera of another size. */
export const withCamera = (recipe: Recipe, width: number, height: number): Recipe => ({
  ...recipe,
  spec: { ...recipe.spec, width, height },
});

/** The control: the same, with convolutions that are left random. */
export const withoutVision = (recipe: Recipe): Recipe => ({ ...recipe, vision: { ...recipe.vision, steps: 0 } });
