import { TOLERANCE } from "../sim/reacher.js";
import { allocateDemonstrations, type Demonstrations, standardise } from "./demonstrations.js";
import { exportPolicy } from "./export.js";
import { LANDMARKS, stepSource } from "./frames.js";
import { imitationStep, poseStep } from "./losses.js";
import { headInputs, type NetworkSpec } from "./network.js";
import { initialise, type Layout, layoutOf, sharedFloats } from "./parameters.js";
import { Team } from "./team.js";

/** Everything that decides what comes out of the training, but the seed. */
export interface Recipe {
  readonly spec: NetworkSpec;
  readonly workers: number;
  /** Feature points for the target, then for the fingertip. */
  readonly landmarkChannels: readonly [target: number, fingertip: number];
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
  /** Imitation: one round of the expert's own episodes, then rounds of the policy's, labelled by the expert (DAgger). */
  readonly imitation: {
    readonly batch: number;
    readonly rounds: number;
    readonly episodes: number;
    readonly steps: number;
    readonly finalSteps: number;
    readonly rate: number;
    /** Feature noise, standard deviations: while collecting, and in the last fit. */
    readonly noise: readonly [collecting: number, last: number];
    /** See `Sampling.stale`. */
    readonly stale: number;
    /** Noise on the applied torque, fractions of the limits: in the expert's round, and in every second other one. */
    readonly torqueNoise: readonly [expert: number, policy: number];
  };
}

export const REACHER_TICKS = 50;

/** The recipe of `models/reacher.onnx`. */
export const REACHER_RECIPE: Recipe = {
  spec: {
    width: 96,
    height: 96,
    channels: [16, 16, 12],
    kernels: [7, 5, 5],
    configuration: 10,
    hidden: [40, 40],
    torques: 2,
  },
  workers: 2,
  landmarkChannels: [8, 4],
  sharpness: 4,
  vision: { batch: 16, steps: 1200, rate: 2e-3, blob: 1, spread: 0.2, precision: [10, 300] },
  imitation: {
    batch: 128,
    rounds: 7,
    episodes: 100,
    steps: 2500,
    finalSteps: 25_000,
    rate: 3e-3,
    noise: [0.1, 0.02],
    stale: 0.5,
    torqueNoise: [0.15, 0.05],
  },
};

/** How far the training is, for a progress bar. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly phase: string;
  readonly loss: number;
  /** How well it does: pose error in half image widths, or episodes that reached their target. */
  readonly note: string;
}

export interface TrainOptions {
  readonly seed: number;
  readonly recipe: Recipe;
  readonly torqueLimit: ArrayLike<number>;
  readonly progress?: (progress: Progress) => void;
  /** Ends the training between two steps, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * A policy in training: pose warm-up of the convolutions, then imitation of the expert by the fully connected layers
 * on the policy's own episodes (DAgger: Ross, Gordon & Bagnell 2011). `close` ends its threads.
 */
export class ReacherTraining {
  readonly layout: Layout;
  readonly #parameters: Float32Array;
  readonly #demonstrations: Demonstrations;
  readonly #options: TrainOptions;
  readonly team: Team;
  #done = 0;

  private constructor(
    options: TrainOptions,
    layout: Layout,
    parameters: Float32Array,
    data: Demonstrations,
    team: Team,
  ) {
    this.#options = options;
    this.layout = layout;
    this.#parameters = parameters;
    this.#demonstrations = data;
    this.team = team;
  }

  static async start(options: TrainOptions): Promise<ReacherTraining> {
    const { seed, recipe } = options;
    const { spec, imitation, vision } = recipe;
    const layout = layoutOf(spec, LANDMARKS.length);
    const parameters = sharedFloats(layout.size);
    const landmarkOfChannel = recipe.landmarkChannels.flatMap((count, i) => Array<number>(count).fill(i));
    initialise(layout, parameters, stepSource(seed, -1, 0, 0), { sharpness: recipe.sharpness, landmarkOfChannel });
    const demonstrations = allocateDemonstrations(spec, imitation.episodes * (1 + imitation.rounds), REACHER_TICKS);
    const steps = [
      poseStep(spec, layout, { batch: vision.batch, landmarkOfChannel, blob: vision.blob, spread: vision.spread }),
      imitationStep(spec, layout, imitation.batch),
    ];
    const batch = { vision: vision.batch, head: imitation.batch };
    const team = await Team.start(layout, recipe.workers, { seed, spec, parameters, demonstrations, batch, steps });
    return new ReacherTraining(options, layout, parameters, demonstrations, team);
  }

  /** The whole recipe: pose warm-up, then imitation. */
  async train(): Promise<void> {
    if (this.#options.recipe.vision.steps > 0) await this.warmUp();
    await this.imitate();
  }

  /** Teaches the convolutions where target and fingertip are. */
  async warmUp(): Promise<void> {
    const { recipe, signal } = this.#options;
    const { steps, rate, precision } = recipe.vision;
    const [first, last] = precision;
    await this.team.fit({
      group: "vision",
      steps,
      rate,
      request: (step) => {
        const rise = Math.max(0, (step / steps - 0.4) / 0.6);
        return { kind: "vision", step, precision: first * (last / first) ** rise };
      },
      watch: this.#watch("pose warm-up", 1, ([, error]) => `pose error ${Math.sqrt(error!).toFixed(4)}`),
      signal,
    });
  }

  /** Teaches the fully connected layers the expert's torques, on the expert's and then the policy's own episodes. */
  async imitate(): Promise<void> {
    const { recipe, signal } = this.#options;
    const { imitation, spec } = recipe;
    const { episodes, rounds } = imitation;
    for (let round = 0; round <= rounds; round++) {
      const numbers = Array.from({ length: episodes }, (_, i) => round * episodes + i);
      const noise = round === 0 ? imitation.torqueNoise[0] : round % 2 === 1 ? imitation.torqueNoise[1] : 0;
      const errors = await this.team.episodes(
        this.export({ points: true }),
        {
          seed: this.#options.seed + TRAINING_SEED,
          episodes: numbers,
          targets: "random",
          expert: round === 0,
          noise,
        },
        { record: 0, signal },
      );
      if (round === 0) standardise(this.#demonstrations, episodes * REACHER_TICKS);
      const final = round === rounds;
      const note =
        round === 0
          ? "the expert's episodes"
          : `reached ${errors.filter((error) => error < TOLERANCE).length}/${episodes}`;
      const sampling = {
        rows: (round + 1) * episodes * REACHER_TICKS,
        points: headInputs(spec) - spec.configuration,
        noise: imitation.noise[final ? 1 : 0],
        stale: imitation.stale,
      };
      await this.team.fit({
        group: "head",
        steps: final ? imitation.finalSteps : imitation.steps,
        rate: final ? imitation.rate * 0.7 : imitation.rate,
        request: (step) => ({ kind: "head", fit: round, step, sampling }),
        watch: this.#watch(`imitation ${round}/${rounds}`, HEAD_STEP, () => note),
        signal,
      });
    }
  }

  /** The policy as it is now (see `exportPolicy`). */
  export(options: { points?: boolean; metadata?: Map<string, string> } = {}): Uint8Array {
    const { recipe, torqueLimit } = this.#options;
    const { mean, scale } = this.#demonstrations;
    return exportPolicy(recipe.spec, this.layout, this.#parameters, { mean, scale, torqueLimit }, options);
  }

  close(): Promise<void> {
    return this.team.close();
  }

  /** Reports steps of a fit as parts of the whole training, an imitation step as a small part of a pose step. */
  #watch(phase: string, weight: number, note: (scalars: readonly number[]) => string) {
    const { progress, recipe } = this.#options;
    const { vision, imitation } = recipe;
    const total = vision.steps + HEAD_STEP * (imitation.rounds * imitation.steps + imitation.finalSteps);
    return (_step: number, scalars: readonly number[]): void => {
      this.#done += weight;
      progress?.({ done: this.#done, total, phase, loss: scalars[0]!, note: note(scalars) });
    };
  }
}

/** Cost of an imitation step, pose steps. */
const HEAD_STEP = 0.01;

/** Puts the training's episodes far from those of the seeds that people test with. */
const TRAINING_SEED = 1_000_003;
