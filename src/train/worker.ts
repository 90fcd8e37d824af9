import { parentPort, workerData } from "node:worker_threads";
import { own, put } from "../own.js";
import type { Device } from "../runtime/device.js";
import { Session, type TensorData } from "../runtime/session.js";
import type { Task } from "../sim/tasks/task.js";
import { loadTask, taskNamed } from "../sim/tasks/tasks.js";
import { algorithmNamed } from "./algorithms/algorithms.js";
import { type Group, type Layout, layoutOf } from "./network/parameters.js";
import type { StepModel } from "./network/step-model.js";
import { warmUpWork } from "./stages/warm-up.js";
import { wholeWork } from "./stages/whole.js";
import type { Answer, Request, Rows, Work, WorkerContext, WorkerSetup, WorkTable } from "./team/work.js";

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
      put(this.#feeds, name, { dtype: "float32", shape, data: new Float32Array(size) });
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
    for (const name of names) (own(this.#feeds, name)!.data as Float32Array).set(this.layout.view(parameters, name));
    const outputs = await this.session.run({ ...this.#feeds, ...batch });
    for (const name of names) {
      this.layout.view(gradient, name).set(outputs[`gradient.${name}`]!.data as Float32Array);
    }
    return this.model.scalars.map((name) => (own(outputs, name)!.data as Float32Array)[0]!);
  }
}

async function stepsOf({ spec, steps, device }: WorkerSetup, landmarks: number): Promise<ReadonlyMap<Group, Step>> {
  const layout = layoutOf(spec, landmarks);
  const compiled = new Map<Group, Step>();
  for (const model of steps) {
    // The fully connected layers are too small to be worth the transfer to another device.
    compiled.set(model.group, await Step.create(model, layout, model.group === "head" ? "cpu" : device));
  }
  return compiled;
}

/** Answers the team's requests one at a time. */
async function serve(setup: WorkerSetup): Promise<void> {
  const { spec, parameters, gradient } = setup;
  const { lesson } = taskNamed(setup.task);
  const { work } = await algorithmNamed(setup.algorithm);
  const steps = await stepsOf(setup, lesson.landmarks.length);
  const tasks = new Map<string, Task>();
  const context: WorkerContext = {
    setup,
    async task(kind) {
      const key = JSON.stringify(kind);
      const task = tasks.get(key) ?? (await loadTask(setup.task, { width: spec.width, height: spec.height, ...kind }));
      tasks.set(key, task);
      return task;
    },
    batch: (group) => steps.get(group)!.model.batch,
    step: (group, batch) => steps.get(group)!.run(batch, parameters, gradient),
  };
  const table: WorkTable = { ...warmUpWork(lesson), ...wholeWork, ...work };
  const ready = new Map<string, Work>(Object.entries(table).map(([kind, start]) => [kind, start(context)]));
  const answer = async (request: Request): Promise<Rows> => ready.get(request.kind)!.answer(request);

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
