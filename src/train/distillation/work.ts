import type { Shape } from "../../graph/shape.js";
import type { Layout } from "../network/parameters.js";
import type { Step } from "../network/step.js";
import type { StepModel } from "../network/step-model.js";
import { stepSource } from "../stages/step-source.js";
import type { MemberSetup, Request, Work } from "../team/work.js";
import { readStates, type States } from "./states.js";

/** The two objectives of Eq. 5. */
export const OBJECTIVES = ["regulariser", "distance"] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** An objective's step on all states of a batch, or on one; and the states to draw from. */
interface Task {
  readonly model: StepModel;
  readonly states: States;
}

export interface DistillationSetup extends MemberSetup {
  readonly seed: number;
  /** Shapes of the student's parameters. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** States of a step. */
  readonly batch: number;
  readonly objectives: Readonly<Partial<Record<Objective, Task>>>;
}

export interface ObjectiveRequest extends Request {
  readonly kind: Objective;
  readonly step: number;
  /** Filled rows of the states. */
  readonly rows: number;
}

/** What a worker has ready. */
export interface DistillationWorker {
  readonly setup: DistillationSetup;
  readonly layout: Layout;
  readonly steps: Readonly<Partial<Record<Objective, Step>>>;
}

/** An objective's step on randomly drawn states: their mean loss, and its gradient in shared memory. */
const objectiveWork =
  (objective: Objective) =>
  ({ setup, layout, steps }: DistillationWorker): Work => {
    const { seed, worker, batch, parameters, gradient, objectives } = setup;
    const one = new Float32Array(layout.size);
    return {
      async answer(request) {
        const { step, rows } = request as ObjectiveRequest;
        const source = stepSource(seed, OBJECTIVES.indexOf(objective), step, worker);
        const { states, model } = objectives[objective]!;
        const chosen = Array.from({ length: batch }, () => source.integer(rows));
        gradient.fill(0);
        let loss = 0;
        const share = model.batch / batch;
        for (let from = 0; from < batch; from += model.batch) {
          const some = readStates(states, chosen.slice(from, from + model.batch));
          const [of] = await steps[objective]!.run(some, parameters, one);
          loss += share * of!;
          for (let i = 0; i < one.length; i++) gradient[i]! += share * one[i]!;
        }
        return [[loss]];
      },
    };
  };

export const distillationWork: Readonly<Record<string, (worker: DistillationWorker) => Work>> = Object.fromEntries(
  OBJECTIVES.map((objective) => [objective, objectiveWork(objective)]),
);
