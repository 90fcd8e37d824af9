import { parentPort, workerData } from "node:worker_threads";
import type { Device, DeviceInUse } from "../runtime/device.js";
import { Session, type TensorData } from "../runtime/session.js";
import type { Targets, Task } from "../sim/tasks/task.js";
import { loadTask } from "../sim/tasks/tasks.js";
import { type Act, actor } from "./act.js";
import { toRow } from "./algorithms/gps.js";
import { type Demonstrations, type Sampling, sample } from "./demonstrations.js";
import { type EpisodeOptions, runEpisodes, type Tick } from "./episodes.js";
import { drawFrames, stepSource } from "./frames.js";
import { lessonFor } from "./lessons.js";
import type { StepModel } from "./losses.js";
import { type Condition, improve, type MirrorDescentOptions } from "./mirror-descent.js";
import type { NetworkSpec } from "./network.js";
import { type Layout, layoutOf } from "./parameters.js";

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
  /** What the convolutions are trained on. */
  readonly device: Device;
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
    }
  | ({
      readonly kind: "conditions";
      readonly policy: Uint8Array;
      readonly items: readonly Condition[];
    } & ConditionsHow);

export interface ConditionsHow {
  readonly targets: Targets;
  readonly options: MirrorDescentOptions;
  /** Number of the demonstrations' episode that the first sample of condition 0 becomes. */
  readonly record: number;
}

/**
 * A row of a step's scalars, a row [error, success] an episode, or a row a condition; or why it failed. The
 * first answer, none of these, says which device is in use, and why not the one asked for where it is another.
 */
export type Answer =
  | {
      readonly rows: readonly (readonly number[])[];
      readonly device?: DeviceInUse | undefined;
      readonly fallback?: string | undefined;
    }
  | { readonly failure: string };

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

  static async create(model: StepModel, layout: Layout, device: Device): Promise<Step> {
    return new Step(model, await Session.create(model.bytes, { threads: 1, spinning: false, device }), layout);
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
  { episode, tick, action: { points, configuration }, wanted }: Tick,
): void {
  const row = episode * ticks + tick;
  inputs.set(points, row * width);
  inputs.set(configuration, row * width + points.length);
  wanted.forEach((value, j) => {
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
  const tasks = new Map<Targets, Task>();
  const taskWith = async (targets: Targets): Promise<Task> => {
    const task = tasks.get(targets) ?? (await loadTask(setup.task, { width, height, targets }));
    tasks.set(targets, task);
    return task;
  };
  const steps = new Map<string, Step>();
  for (const model of setup.steps) {
    // The fully connected layers are too small to be worth the way to another device.
    steps.set(model.group, await Step.create(model, layout, model.group === "vision" ? setup.device : "cpu"));
  }

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
      const task = await taskWith(lesson.targets);
      drawFrames(task, landmarks, spec, stepSource(seed, 0, request.step, worker), image, places.data);
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
    try {
      return await (request.kind === "episodes"
        ? episodes(request, actor(policy))
        : conditions(request, actor(policy)));
    } finally {
      await policy.release();
    }
  }

  async function episodes(request: Request & { kind: "episodes" }, act: Act): Promise<number[][]> {
    const task = await taskWith(request.options.targets);
    const recorder = request.record ? (tick: Tick) => record(demonstrations, task, tick) : undefined;
    const outcomes = await runEpisodes(task, act, request.options, recorder);
    return outcomes.map(({ error, success }) => [error, Number(success)]);
  }

  async function conditions(request: Request & { kind: "conditions" }, act: Act): Promise<number[][]> {
    const { items, options, targets } = request;
    const task = await taskWith(targets);
    const rows: number[][] = [];
    for (const condition of items) {
      const first = request.record + condition.place * options.samples;
      const figures = await improve(task, act, condition, options, (sample, tick, action, wanted) =>
        record(demonstrations, task, { episode: first + sample, tick, action, wanted }),
      );
      rows.push(toRow(figures));
    }
    return rows;
  }

  parentPort!.on("message", (request: Request) => {
    answer(request).then(
      (rows) => parentPort!.postMessage({ rows } satisfies Answer),
      (error: Error) => parentPort!.postMessage({ failure: error.message } satisfies Answer),
    );
  });
  const { device, fallback } = steps.get("vision")!.session;
  parentPort!.postMessage({ rows: [], device, fallback } satisfies Answer);
}

if (parentPort) await serve(workerData as WorkerSetup);
