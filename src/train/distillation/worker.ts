import { parentPort, workerData } from "node:worker_threads";
import { Layout } from "../network/parameters.js";
import { Step } from "../network/step.js";
import { answerRequests } from "../team/answer-requests.js";
import { type DistillationSetup, distillationWork, OBJECTIVES } from "./work.js";

async function serve(setup: DistillationSetup): Promise<void> {
  const layout = new Layout({ readout: {}, convolutions: {}, head: setup.shapes });
  const steps: Record<string, Step> = {};
  for (const objective of OBJECTIVES) {
    const task = setup.objectives[objective];
    if (task) steps[objective] = await Step.create(task.model, layout, "cpu");
  }
  answerRequests(parentPort!, distillationWork, { setup, layout, steps }, { device: "cpu", fallback: undefined });
}

if (parentPort) await serve(workerData as DistillationSetup);
