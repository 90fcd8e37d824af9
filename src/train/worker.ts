import { parentPort, workerData } from "node:worker_threads";
import type { Task } from "../sim/tasks/task.js";
import { loadTask, taskNamed } from "../sim/tasks/tasks.js";
import { algorithmNamed } from "./algorithms/algorithms.js";
import { type Group, layoutOf } from "./network/parameters.js";
import { Step } from "./network/step.js";
import { warmUpWork } from "./stages/warm-up.js";
import { wholeWork } from "./stages/whole.js";
import { answerRequests } from "./team/answer-requests.js";
import type { WorkerContext, WorkerSetup, WorkTable } from "./team/work.js";

async function stepsOf({ spec, steps, device }: WorkerSetup, landmarks: number): Promise<ReadonlyMap<Group, Step>> {
  const layout = layoutOf(spec, landmarks);
  const compiled = new Map<Group, Step>();
  for (const model of steps) {
    // The fully connected layers are too small to be worth the transfer to another device.
    compiled.set(model.group, await Step.create(model, layout, model.group === "head" ? "cpu" : device));
  }
  return compiled;
}

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
  answerRequests(parentPort!, table, context, steps.get("vision")!.session);
}

if (parentPort) await serve(workerData as WorkerSetup);
