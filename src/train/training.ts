import type { Device } from "../runtime/device.js";
import type { Recipe } from "../sim/tasks/lesson.js";
import { loadTask, taskNamed } from "../sim/tasks/tasks.js";
import { algorithmNamed } from "./algorithms/algorithms.js";
import { allocateDemonstrations, type Demonstrations } from "./episodes/demonstrations.js";
import { DivergenceError, History, type HistoryState } from "./history/history.js";
import type { AdamState } from "./network/adam.js";
import { exportPolicy } from "./network/export.js";
import { initialise, type Layout, layoutOf, sharedFloats } from "./network/parameters.js";
import { poseStep } from "./stages/pose-step.js";
import { stepSource } from "./stages/step-source.js";
import { warmUpStages } from "./stages/warm-up.js";
import { wholeStep } from "./stages/whole.js";
import type { CollectContext, CollectStage, FitStage, Stage } from "./team/stage.js";
import { Team } from "./team/team.js";
import type { WorkerSetup } from "./team/work.js";

/** Progress of a training, for a progress bar. */
export interface Progress {
  /** Cost of what is done, and of the whole training, in steps of the pose warm-up (see `trainingCost`). */
  readonly done: number;
  readonly total: number;
  readonly phase: string;
  /** Of a fit. */
  readonly loss?: number;
  /** A few words on the quality: pose error in half image widths, or successful episodes. */
  readonly note: string;
}

/** Everything that the rest of a training depends on. */
export interface Checkpoint {
  /** The next stage, and the next step in it. */
  readonly stage: number;
  readonly step: number;
  /** The optimiser within a fit. */
  readonly adam: AdamState | undefined;
  readonly parameters: Float32Array;
  /** Filled rows of the demonstrations. */
  readonly rows: number;
  readonly inputs: Float32Array;
  readonly labels: Float32Array;
  readonly scenes: Float64Array;
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  readonly history: HistoryState;
}

export interface TrainOptions {
  readonly seed: number;
  readonly recipe: Recipe;
  readonly task: { readonly name: string; readonly torqueLimit: ArrayLike<number>; readonly ticks: number };
  readonly progress?: (progress: Progress) => void;
  /** Ends the training between two steps, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Checkpoint of an earlier training with the same options. */
  readonly resume?: Checkpoint | undefined;
  /** Called after every stage, and at intervals within long ones; never with parameters that are not finite. */
  readonly keep?: ((checkpoint: Checkpoint) => Promise<void>) | undefined;
  /** Device for the convolutions, default the CPU: only there is the result of a seed the same to the last bit. */
  readonly device?: Device;
  /** Seconds between two checkpoints within a fit, default 20. */
  readonly keepEvery?: number;
}

/** The stage of a training that is next. */
export interface Place {
  /** Number of finished stages, and of all. */
  readonly stage: number;
  readonly stages: number;
  /** Name of the stage; undefined after the last one. */
  readonly phase: string | undefined;
  /** Finished steps of a fit, and all of them. */
  readonly steps: readonly [done: number, all: number] | undefined;
  /** Cost of what is done (see `Progress`). */
  readonly done: number;
}

const costOf = (stages: readonly Stage[]): number => stages.reduce((sum, { cost }) => sum + cost, 0);

/** All stages of a training, with the episodes of its demonstrations and its step. */
async function scheduleOf({ recipe, task }: Pick<TrainOptions, "recipe" | "task">) {
  const { stages, ...schedule } = (await algorithmNamed(recipe.algorithm)).schedule(recipe, task.ticks);
  return { ...schedule, stages: [...warmUpStages(recipe), ...stages] };
}

/** Length of a task's saved state. */
async function sceneLength(name: string, { spec: { width, height }, episodes }: Recipe): Promise<number> {
  const task = await loadTask(name, { width, height, ...episodes });
  const { length } = task.save();
  task.delete();
  return length;
}

/** Cost of a training, in steps of the pose warm-up. */
export async function trainingCost(options: Pick<TrainOptions, "recipe" | "task">): Promise<number> {
  return costOf((await scheduleOf(options)).stages);
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
    stages: readonly Stage[],
  ) {
    this.#options = options;
    this.#stages = stages;
    const { resume } = options;
    this.history = new History(resume?.history);
    this.#stage = resume?.stage ?? 0;
    this.#step = resume?.step ?? 0;
    this.#adam = resume?.adam;
    this.#rows = resume?.rows ?? 0;
  }

  static async start(options: TrainOptions): Promise<Training> {
    const { seed, recipe, task, resume, device = "cpu" } = options;
    const { spec, vision, endToEnd } = recipe;
    const { lesson } = taskNamed(task.name);
    const { stages, episodes, step } = await scheduleOf(options);
    const layout = layoutOf(spec, lesson.landmarks.length);
    const parameters = sharedFloats(layout.size);
    const landmarkOfChannel = recipe.landmarkChannels.flatMap((count, i) => Array<number>(count).fill(i));
    initialise(layout, parameters, stepSource(seed, -1, 0, 0), { sharpness: recipe.sharpness, landmarkOfChannel });
    const scene = endToEnd ? await sceneLength(task.name, recipe) : 0;
    const demonstrations = allocateDemonstrations(spec, episodes, task.ticks, scene);
    if (resume) {
      parameters.set(resume.parameters);
      for (const name of ["inputs", "labels", "scenes", "mean", "scale"] as const)
        demonstrations[name].set(resume[name]);
    }
    const steps = [
      poseStep(spec, layout, { ...vision, landmarkOfChannel }),
      step(layout),
      ...(endToEnd ? [wholeStep(spec, layout, endToEnd.batch)] : []),
    ];
    const setup = {
      device,
      seed,
      task: task.name,
      algorithm: recipe.algorithm,
      episodes: recipe.episodes,
      spec,
      parameters,
      demonstrations,
      steps,
    };
    const script = new URL("./worker.js", import.meta.url);
    const team = await Team.start<WorkerSetup>(script, layout, recipe.workers, setup);
    return new Training(options, layout, parameters, demonstrations, team, stages);
  }

  get place(): Place {
    const stage = this.#stages[this.#stage];
    const steps = stage?.kind === "fit" ? ([this.#step, stage.steps] as const) : undefined;
    const part = steps ? steps[0] / steps[1] : 0;
    const [finished, stages] = [this.#stage, this.#stages.length];
    return { stage: finished, stages, phase: stage?.phase, steps, done: this.#costAt(part) };
  }

  /**
   * Runs the remaining stages.
   * @throws DivergenceError where a loss is not finite, or explodes
   */
  async train(): Promise<void> {
    while (this.#stage < this.#stages.length) {
      const stage = this.#stages[this.#stage]!;
      this.#options.signal?.throwIfAborted();
      if (stage.kind === "fit") await this.#fit(stage);
      else {
        const { rows, figures } = await stage.collect(this.#context(stage));
        this.#rows = rows;
        if (figures) this.history.iterations.push(figures);
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

  async #fit({ phase, group, steps, rate, request, note }: FitStage): Promise<void> {
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
        const words = { phase, loss: scalars[0]!, note: note(scalars, this.history.iterations) };
        this.#report(words, (step + 1) / steps);
        const due = performance.now() - this.#kept > 1000 * (this.#options.keepEvery ?? 20);
        if (!due || step + 1 === steps) return;
        this.#adam = adam();
        await this.#keep();
      },
    });
  }

  #context({ phase }: CollectStage): CollectContext {
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
    if (!this.parameters.every(Number.isFinite)) throw new DivergenceError("the parameters are not finite");
    const { inputs, labels, scenes, mean, scale, width, torques } = this.demonstrations;
    await keep({
      stage: this.#stage,
      step: this.#step,
      adam: this.#adam,
      parameters: this.parameters.slice(),
      rows: this.#rows,
      inputs: inputs.slice(0, this.#rows * width),
      labels: labels.slice(0, this.#rows * torques),
      scenes: scenes.slice(0, (scenes.length * this.#rows * torques) / labels.length),
      mean: mean.slice(),
      scale: scale.slice(),
      history: this.history.state,
    });
    this.#kept = performance.now();
  }

  /** Reports that `part` of the current stage is done. */
  #report(words: Pick<Progress, "phase" | "loss" | "note">, part: number): void {
    this.#options.progress?.({ done: this.#costAt(part), total: costOf(this.#stages), ...words });
  }

  /** Cost of what is done where `part` of the current stage is. */
  #costAt(part: number): number {
    return costOf(this.#stages.slice(0, this.#stage)) + (this.#stages[this.#stage]?.cost ?? 0) * part;
  }
}
