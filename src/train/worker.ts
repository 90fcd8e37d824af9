import { parentPort, workerData } from "node:worker_threads";
import { Session, type TensorData } from "../runtime/session.js";
import type { Targets } from "../sim/reacher.js";
import type { Task } from "../sim/task.js";
import { loadTask } from "../sim/tasks.js";
import { type Demonstrations, type Sampling, sample } from "./demonstrations.js";
import { type EpisodeOptions, runEpisodes, type Tick } from "./episodes.js";
import { lessonFor } from "./lessons.js";
import type { StepModel } from "./losses.js";
import type { NetworkSpec } from "./network.js";
import { type Layout, layoutOf } from "./parameters.js";
import { drawFrames, type Scene, stepSource } from "./scene.js";

/** What a worker is started with; the arrays are in shared memory. */
export interface WorkerSetup {
  readonly worker: number;
  readonly seed: number;
  /** Name of the lesson. */
  readonly task: string;
  readonly spec: NetworkSpec;
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  readonly demonstrations: Demonstrations;
  /** Samples of one worker in one step. */
  readonly batch: Readonly<Record<StepModel["group"], number>>;
  readonly steps: readonly StepModel[];
}

export type Request =
  | { readonly kind: "vision"; readonly step: number; readonly precision: number }
  | { readonly kind: "head"; readonly fit: number; readonly step: number; readonly sampling: Sampling }
  /** Runs episodes; records them as the episodes of their numbers in the demonstrations. */
  | {
      readonly kind: "episodes";
      readonly policy: Uint8Array;
      readonly options: EpisodeOptions;
      readonly record: boolean;
    };

/** A row of a step's scalars, or a row [error, success] of each of the worker's episodes; or why it failed. */
export type Answer = { readonly rows: readonly (readonly number[])[] } | { readonly failure: string };

/** One compiled training step: copies parameters in and gradients out of shared memory. */
class Step {
  readonly #feeds: Record<string, TensorData> = {};

  private constructor(
    readonly model: StepModel,
    readonly session: Session,
    readonly layout: Layout,
  ) {
    for (const name of layout.names(model.group)) {
      const { shape, size } = layout.slots.get(name)!;
      this.#feeds[name] = { dtype: "float32", shape, data: new Float32Array(size) };
    }
  }

  static async create(model: StepModel, layout: Layout): Promise<Step> {
    return new Step(model, await Session.create(model.bytes, { threads: 1, spinning: false }), layout);
  }

  /** Writes the gradients of the parameters' loss on this batch to `gradient`; returns the model's scalars. */
  async run(
    batch: Readonly<Record<string, TensorData>>,
    parameters: Float32Array,
    gradient: Float32Array,
  ): Promise<number[]> {
    const names = this.layout.names(this.model.group);
    for (const name of names) (this.#feeds[name]!.data as Float32Array).set(this.layout.view(parameters, name));
    const outputs = await this.session.run({ ...this.#feeds, ...batch });
    for (const name of names) {
      this.layout.view(gradient, name).set(outputs[`gradient.${name}`]!.data as Float32Array);
    }
    return this.model.scalars.map((name) => (outputs[name]!.data as Float32Array)[0]!);
  }
}

/** Writes a tick to its row. */
function record(
  { inputs, labels, width, torques, ticks }: Demonstrations,
  { torqueLimit }: Task,
  { episode, tick, points, configuration, torque }: Tick,
): void {
  const row = episode * ticks + tick;
  inputs.set(points, row * width);
  inputs.set(configuration, row * width + points.length);
  torque.forEach((value, j) => {
    labels[row * torques + j] = value / torqueLimit[j]!;
  });
}

/** Answers the team's requests one at a time. */
async function serve(setup: WorkerSetup): Promise<void> {
  const { spec, seed, worker, parameters, gradient, demonstrations, batch } = setup;
  const { width, height } = spec;
  const lesson = lessonFor(setup.task);
  const { landmarks } = lesson;
  const layout = layoutOf(spec, landmarks.length);
  let scene: Scene | undefined;
  const tasks = new Map<Targets, Task>();
  const taskWith = async (targets: Targets): Promise<Task> => {
    const task = tasks.get(targets) ?? (await loadTask(setup.task, { width, height, targets }));
    tasks.set(targets, task);
    return task;
  };
  const steps = new Map<string, Step>();
  for (const model of setup.steps) steps.set(model.group, await Step.create(model, layout));

  const floats = (...shape: number[]): TensorData & { data: Float32Array } => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  const image = new Uint8Array(batch.vision * spec.height * spec.width * 3);
  const places = floats(batch.vision, landmarks.length, 2);
  const precision = floats();
  const x = floats(batch.head, demonstrations.width);
  const torque = floats(batch.head, demonstrations.torques);

  async function answer(request: Request): Promise<readonly (readonly number[])[]> {
    if (request.kind === "vision") {
      scene ??= await lesson.scene(width, height);
      drawFrames(scene, landmarks, spec, stepSource(seed, 0, request.step, worker), image, places.data);
      precision.data[0] = request.precision;
      const shape = [batch.vision, spec.height, spec.width, 3];
      const feeds = { image: { dtype: "uint8" as const, shape, data: image }, landmarks: places, precision };
      return [await steps.get("vision")!.run(feeds, parameters, gradient)];
    }
    if (request.kind === "head") {
      const source = stepSource(seed, 1 + request.fit, request.step, worker);
      sample(demonstrations, request.sampling, source, x.data, torque.data);
      return [await steps.get("head")!.run({ x, torque }, parameters, gradient)];
    }
    const policy = await Session.create(request.policy, { threads: 1, spinning: false });
    const task = await taskWith(request.options.targets);
    const outcomes = await runEpisodes(
      task,
      policy,
      request.options,
      request.record ? (tick) => record(demonstrations, task, tick) : undefined,
    );
    await policy.release();
    return outcomes.map(({ error, success }) => [error, Number(success)]);
  }

  parentPort!.on("message", (request: Request) => {
    answer(request).then(
      (rows) => parentPort!.postMessage({ rows } satisfies Answer),
      (error: Error) => parentPort!.postMessage({ failure: error.message } satisfies Answer),
    );
  });
  parentPort!.postMessage({ rows: [] } satisfies Answer);
}

if (parentPort) await serve(workerData as WorkerSetup);
