import type { Device } from "../runtime/device.js";
import type { AdamState } from "./adam.js";
import { costOf, headFits, stagesOf } from "./curriculum.js";
import { allocateDemonstrations, type Demonstrations } from "./demonstrations.js";
import { exportPolicy } from "./export.js";
import { stepSource } from "./frames.js";
import { DivergenceError, History, type HistoryState } from "./history.js";
import type { Lesson } from "./lessons.js";
import { imitationStep, poseStep } from "./losses.js";
import type { IterationFigures } from "./outcome.js";
import { initialise, type Layout, layoutOf, sharedFloats } from "./parameters.js";
import type { Recipe } from "./recipe.js";
import type { CollectStage, FitStage, Stage } from "./stage.js";
import { Team } from "./team.js";

/** How far a training is, for a progress bar. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly phase: string;
  /** Of a fit. */
  readonly loss?: number;
  /** How well it does: pose error in half image widths, or episodes that succeeded. */
  readonly note: string;
}

/** All that the rest of a training depends on. */
export interface Checkpoint {
  /** The stage that comes next, and the step of it. */
  readonly stage: number;
  readonly step: number;
  /** The optimiser within a fit. */
  readonly adam: AdamState | undefined;
  readonly parameters: Float32Array;
  /** Filled rows of the demonstrations. */
  readonly rows: number;
  readonly inputs: Float32Array;
  readonly labels: Float32Array;
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  readonly history: HistoryState;
}

export interface TrainOptions {
  readonly seed: number;
  readonly lesson: Lesson;
  readonly recipe: Recipe;
  /** Of the lesson's task. */
  readonly task: { readonly torqueLimit: ArrayLike<number>; readonly ticks: number };
  readonly progress?: (progress: Progress) => void;
  /** Ends the training between two steps, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Where an earlier training with the same seed and recipe was. */
  readonly resume?: Checkpoint | undefined;
  /** Called after every stage, and within long ones every so often; never with parameters that are no numbers. */
  readonly keep?: ((checkpoint: Checkpoint) => Promise<void>) | undefined;
  /** What the convolutions are trained on, default the CPU: only there does one seed make one result to the last bit. */
  readonly device?: Device;
  /** Seconds between two checkpoints within a fit, default 20. */
  readonly keepEvery?: number;
}

/** A policy in training: pose warm-up of the convolutions, then the stages of its algorithm. `close` ends its threads. */
export class Training {
  readonly history: History;
  readonly #options: TrainOptions;
  readonly #stages: readonly Stage[];
  #stage: number;
  #step: number;
  #adam: AdamState | undefined;
  #rows: number;
  #kept = performance.now();

  private constructor(
    options: TrainOptions,
    readonly layout: Layout,
    readonly parameters: Float32Array,
    readonly demonstrations: Demonstrations,
    readonly team: Team,
  ) {
    this.#options = options;
    this.#stages = stagesOf(options.recipe, options.lesson, options.task.ticks);
    const { resume } = options;
    this.history = new History(resume?.history);
    this.#stage = resume?.stage ?? 0;
    this.#step = resume?.step ?? 0;
    this.#adam = resume?.adam;
    this.#rows = resume?.rows ?? 0;
  }

  static async start(options: TrainOptions): Promise<Training> {
    const { seed, recipe, lesson, task, resume } = options;
    const { spec, vision } = recipe;
    const { batch: headBatch, episodes } = headFits(recipe);
    const layout = layoutOf(spec, lesson.landmarks.length);
    const parameters = sharedFloats(layout.size);
    const landmarkOfChannel = recipe.landmarkChannels.flatMap((count, i) => Array<number>(count).fill(i));
    initialise(layout, parameters, stepSource(seed, -1, 0, 0), { sharpness: recipe.sharpness, landmarkOfChannel });
    const demonstrations = allocateDemonstrations(spec, episodes, task.ticks);
    if (resume) {
      parameters.set(resume.parameters);
      for (const name of ["inputs", "labels", "mean", "scale"] as const) demonstrations[name].set(resume[name]);
    }
    const steps = [
      poseStep(spec, layout, { batch: vision.batch, landmarkOfChannel, blob: vision.blob, spread: vision.spread }),
      imitationStep(spec, layout, headBatch),
    ];
    const batch = { vision: vision.batch, head: headBatch };
    const device = options.device ?? "cpu";
    const setup = { device, seed, task: lesson.task, spec, parameters, demonstrations, batch, steps };
    const team = await Team.start(layout, recipe.workers, setup);
    return new Training(options, layout, parameters, demonstrations, team);
  }

  /**
   * Everything that is left to do.
   * @throws DivergenceError where a loss is no number any more, or explodes
   */
  async train(): Promise<void> {
    while (this.#stage < this.#stages.length) {
      const stage = this.#stages[this.#stage]!;
      this.#options.signal?.throwIfAborted();
      if (stage.kind === "fit") await this.#fit(stage);
      else {
        const { rows, figures } = await stage.collect(this.#room(stage));
        this.#rows = rows;
        this.history.iterations.push(figures);
      }
      this.#stage++;
      this.#step = 0;
      this.#adam = undefined;
      await this.#keep();
    }
  }

  /** The policy as it is now (see `exportPolicy`). */
  export(options: { points?: boolean; metadata?: Map<string, string> } = {}): Uint8Array {
    const { recipe, task } = this.#options;
    const { mean, scale } = this.demonstrations;
    return exportPolicy(
      recipe.spec,
      this.layout,
      this.parameters,
      { mean, scale, torqueLimit: task.torqueLimit },
      options,
    );
  }

  close(): Promise<void> {
    return this.team.close();
  }

  async #fit({ phase, group, steps, rate, request }: FitStage): Promise<void> {
    await this.team.fit({
      group,
      steps,
      rate,
      request,
      from: this.#step,
      adam: this.#adam,
      signal: this.#options.signal,
      watch: async (step, scalars, adam) => {
        this.history.step(phase, step, steps, scalars);
        this.#step = step + 1;
        const note = group === "vision" ? poseNote(scalars) : lastNote(this.history.iterations);
        this.#report({ phase, loss: scalars[0]!, note }, (step + 1) / steps);
        const due = performance.now() - this.#kept > 1000 * (this.#options.keepEvery ?? 20);
        if (!due || step + 1 === steps) return;
        this.#adam = adam();
        await this.#keep();
      },
    });
  }

  #room({ phase }: CollectStage) {
    const { seed, signal } = this.#options;
    const { team, demonstrations, history } = this;
    return {
      seed,
      team,
      demonstrations,
      iterations: history.iterations,
      signal,
      done: (part: number) => this.#report({ phase, note: "collecting" }, part),
      policy: () => this.export({ points: true }),
    };
  }

  async #keep(): Promise<void> {
    const { keep } = this.#options;
    if (keep === undefined) return;
    if (!this.parameters.every(Number.isFinite)) throw new DivergenceError("the parameters are no numbers any more");
    const { inputs, labels, mean, scale, width, torques } = this.demonstrations;
    await keep({
      stage: this.#stage,
      step: this.#step,
      adam: this.#adam,
      parameters: this.parameters.slice(),
      rows: this.#rows,
      inputs: inputs.slice(0, this.#rows * width),
      labels: labels.slice(0, this.#rows * torques),
      mean: mean.slice(),
      scale: scale.slice(),
      history: this.history.state,
    });
    this.#kept = performance.now();
  }

  /** `part` of the stage at hand is done. */
  #report(words: Pick<Progress, "phase" | "loss" | "note">, part: number): void {
    const costs = this.#stages.map(costOf);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const done = sum(costs.slice(0, this.#stage)) + costs[this.#stage]! * part;
    this.#options.progress?.({ done, total: sum(costs), ...words });
  }
}

const poseNote = ([, error]: readonly number[]): string => `pose error ${Math.sqrt(error!).toFixed(4)}`;

function lastNote(iterations: readonly IterationFigures[]): string {
  const { actor, successes, episodes } = iterations[iterations.length - 1]!;
  return `${actor}: ${successes}/${episodes} succeeded`;
}
