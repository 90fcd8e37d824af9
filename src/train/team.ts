import { Worker } from "node:worker_threads";
import type { DeviceInUse } from "../runtime/device.js";
import { Adam, type AdamState, cosineRate } from "./adam.js";
import { fromRow } from "./algorithms/gps.js";
import type { EpisodeOptions } from "./episodes.js";
import type { Condition } from "./mirror-descent.js";
import type { ConditionFigures, Outcome } from "./outcome.js";
import type { Group, Layout } from "./parameters.js";
import { sharedFloats } from "./parameters.js";
import type { Answer, ConditionsHow, Request, WorkerSetup } from "./worker.js";

/** How one fit goes: `steps` steps with a cosine learning rate from `rate` down. */
export interface Fit {
  readonly group: Group;
  readonly steps: number;
  readonly rate: number;
  /** What the workers are asked at a step. */
  readonly request: (step: number) => Request;
  /** The step to take it up again at, default 0, and the optimiser then. */
  readonly from?: number;
  readonly adam?: AdamState | undefined;
  /** Called after every step with its mean scalars (`loss` first); `adam` copies the optimiser's state. */
  readonly watch?: (step: number, scalars: readonly number[], adam: () => AdamState) => void | Promise<void>;
  /** Ends the fit after the step at hand, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Worker threads with one onnxruntime thread each, that see the same parameters in shared memory. Their gradients are
 * added in a fixed order, so that a run is the same bit for bit for one seed and number of workers.
 */
export class Team {
  #fallback: string | undefined;
  #device: DeviceInUse = "cpu";

  private constructor(
    readonly layout: Layout,
    readonly parameters: Float32Array,
    readonly workers: readonly Worker[],
    readonly gradients: readonly Float32Array[],
  ) {}

  static async start(layout: Layout, workers: number, setup: Omit<WorkerSetup, "worker" | "gradient">): Promise<Team> {
    const gradients = Array.from({ length: workers }, () => sharedFloats(layout.size));
    const threads = gradients.map((gradient, worker) => {
      const workerData: WorkerSetup = { ...setup, worker, gradient };
      return new Worker(new URL("./worker.js", import.meta.url), { workerData });
    });
    const team = new Team(layout, setup.parameters, threads, gradients);
    try {
      const answers = await Promise.all(threads.map(nextAnswer));
      const [first] = answers;
      team.#fallback = first?.fallback;
      team.#device = first?.device ?? "cpu";
    } catch (error) {
      await team.close();
      throw error;
    }
    return team;
  }

  /** What the convolutions are trained on. */
  get device(): DeviceInUse {
    return this.#device;
  }

  /** Why the convolutions are not trained on the device asked for, where they are not. */
  get fallback(): string | undefined {
    return this.#fallback;
  }

  /** Lowers the loss of a group of parameters, in place. */
  async fit({ group, steps, rate, request, from = 0, adam: state, watch, signal }: Fit): Promise<void> {
    const adam = new Adam(...this.layout.range(group));
    if (state) adam.state = state;
    for (let step = from; step < steps; step++) {
      signal?.throwIfAborted();
      const answers = (await this.#ask(() => request(step))).map(([scalars]) => scalars!);
      const mean = answers[0]!.map((_, i) => answers.reduce((sum, values) => sum + values[i]!, 0) / answers.length);
      adam.step(this.parameters, this.gradients, cosineRate(step, steps, rate));
      await watch?.(step, mean, () => adam.state);
    }
  }

  /** Runs episodes, spread over the workers; outcomes in the order of `numbers`. */
  async episodes(
    policy: Uint8Array,
    numbers: readonly number[],
    options: Omit<EpisodeOptions, "episodes">,
    { record = false, ...watch }: { readonly record?: boolean } & Watch = {},
  ): Promise<Outcome[]> {
    const rows = await this.spread(
      numbers,
      (episodes) => ({ kind: "episodes", policy, record, options: { ...options, episodes } }),
      watch,
    );
    return rows.map(([error, success]) => ({ error: error!, success: success === 1 }));
  }

  /** Improves on the policy in every condition (see `improve`), spread over the workers; figures in their order. */
  async conditions(
    policy: Uint8Array,
    conditions: readonly Condition[],
    how: ConditionsHow,
    watch?: Watch,
  ): Promise<ConditionFigures[]> {
    const rows = await this.spread(conditions, (items) => ({ kind: "conditions", policy, items, ...how }), watch);
    return rows.map(fromRow);
  }

  /** Gives every worker every n-th item of the work; a row of answers an item, in their order. */
  async spread<T>(
    items: readonly T[],
    request: (items: readonly T[]) => Request,
    { signal, done }: Watch = {},
  ): Promise<(readonly number[])[]> {
    const count = this.workers.length;
    const portion = ITEMS_AT_ONCE * count;
    const rows: (readonly number[])[] = [];
    for (let from = 0; from < items.length; from += portion) {
      signal?.throwIfAborted();
      const portionOf = items.slice(from, from + portion);
      const answers = await this.#ask((worker) => request(portionOf.filter((_, i) => i % count === worker)));
      rows.push(...portionOf.map((_, i) => answers[i % count]![Math.floor(i / count)]!));
      done?.(rows.length / items.length);
    }
    return rows;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  /** Waits for every worker even where one fails: a worker inside a run cannot be ended. */
  async #ask(request: (worker: number) => Request): Promise<Answered["rows"][]> {
    const answers = await Promise.allSettled(
      this.workers.map((worker, i) => {
        worker.postMessage(request(i));
        return nextAnswer(worker);
      }),
    );
    return answers.map((answer) => {
      if (answer.status === "rejected") throw answer.reason;
      return answer.value.rows;
    });
  }
}

/** How work that is spread over the workers is watched, and ended after a few items. */
export interface Watch {
  readonly signal?: AbortSignal | undefined;
  /** Told how much of it is done, 0 to 1. */
  readonly done?: ((part: number) => void) | undefined;
}

/** Few, so that a training told to end ends soon. */
const ITEMS_AT_ONCE = 10;

type Answered = Exclude<Answer, { readonly failure: string }>;

function nextAnswer(worker: Worker): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off("message", answered).off("error", failed).off("exit", ended);
    };
    const answered = (answer: Answer): void => {
      settle();
      if ("failure" in answer) reject(new Error(`a training worker failed: ${answer.failure}`));
      else resolve(answer);
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    const ended = (code: number): void => failed(new Error(`a training worker ended with code ${code}`));
    worker.on("message", answered).on("error", failed).on("exit", ended);
  });
}
