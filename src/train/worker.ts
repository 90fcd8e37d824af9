import { parentPort, workerData } from "node:worker_threads";
import { Session, type TensorData } from "../runtime/session.js";
import { Reacher } from "../sim/reacher.js";
import { ReacherModel } from "../sim/reacher-model.js";
import { type Demonstrations, type Sampling, sample } from "./demonstrations.js";
import { type EpisodeOptions, runEpisodes } from "./episodes.js";
import { drawFrames, LANDMARKS, stepSource } from "./frames.js";
import type { StepModel } from "./losses.js";
import type { NetworkSpec } from "./network.js";
import { type Layout, layoutOf } from "./parameters.js";

/** What a worker is started with; the arrays are in shared memory. */
export interface WorkerSetup {
  readonly worker: number;
  readonly seed: number;
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
  /** Runs episodes; records them as episode `record` + number of the demonstrations where that is given. */
  | {
      readonly kind: "episodes";
      readonly policy: Uint8Array;
      readonly options: EpisodeOptions;
      readonly record?: number;
    };

/** Scalars of a step, or the final error of each of the worker's episodes; or why it failed. */
export type Answer = { readonly values: readonly number[] } | { readonly failure: string };

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

/** Answers the team's requests one at a time. */
async function serve(setup: WorkerSetup): Promise<void> {
  const { spec, seed, worker, parameters, gradient, demonstrations, batch } = setup;
  const layout = layoutOf(spec, LANDMARKS.length);
  const arm = await ReacherModel.load(spec.width, spec.height);
  const tasks = {
    four: await Reacher.load({ width: spec.width, height: spec.height, targets: "four" }),
    random: await Reacher.load({ width: spec.width, height: spec.height, targets: "random" }),
  };
  const steps = new Map<string, Step>();
  for (const model of setup.steps) steps.set(model.group, await Step.create(model, layout));

  const floats = (...shape: number[]): TensorData & { data: Float32Array } => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  const image = new Uint8Array(batch.vision * spec.height * spec.width * 3);
  const landmarks = floats(batch.vision, LANDMARKS.length, 2);
  const precision = floats();
  const x = floats(batch.head, demonstrations.width);
  const torque = floats(batch.head, demonstrations.torques);

  async function answer(request: Request): Promise<readonly number[]> {
    if (request.kind === "vision") {
      drawFrames(arm, spec, stepSource(seed, 0, request.step, worker), image, landmarks.data);
      precision.data[0] = request.precision;
      const shape = [batch.vision, spec.height, spec.width, 3];
      const feeds = { image: { dtype: "uint8" as const, shape, data: image }, landmarks, precision };
      return steps.get("vision")!.run(feeds, parameters, gradient);
    }
    if (request.kind === "head") {
      const source = stepSource(seed, 1 + request.fit, request.step, worker);
      sample(demonstrations, request.sampling, source, x.data, torque.data);
      return steps.get("head")!.run({ x, torque }, parameters, gradient);
    }
    const policy = await Session.create(request.policy, { threads: 1, spinning: false });
    const { record } = request;
    const task = tasks[request.options.targets];
    const errors = await runEpisodes(
      task,
      policy,
      request.options,
      record === undefined
        ? undefined
        : ({ episode, tick, points, configuration, torque: wanted }) => {
            const row = (record + episode) * demonstrations.ticks + tick;
            demonstrations.inputs.set(points, row * demonstrations.width);
            demonstrations.inputs.set(configuration, row * demonstrations.width + points.length);
            demonstrations.labels.set(
              wanted.map((value, j) => value / task.torqueLimit[j]!),
              row * demonstrations.torques,
            );
          },
    );
    await policy.release();
    return errors;
  }

  parentPort!.on("message", (request: Request) => {
    answer(request).then(
      (values) => parentPort!.postMessage({ values } satisfies Answer),
      (error: Error) => parentPort!.postMessage({ failure: error.message } satisfies Answer),
    );
  });
  parentPort!.postMessage({ values: [] } satisfies Answer);
}

if (parentPort) await serve(workerData as WorkerSetup);
