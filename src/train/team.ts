import { Worker } from "node:worker_threads";
import { Adam, cosineRate } from "./adam.js";
import type { EpisodeOptions } from "./episodes.js";
import type { Group, Layout } from "./parameters.js";
import { sharedFloats } from "./parameters.js";
import type { Answer, Request, WorkerSetup } from "./worker.js";

/** How one fit goes: `steps` steps with a cosine learning rate from `rate` down. */
export interface Fit {
  readonly group: Group;
  readonly steps: number;
  readonly rate: number;
  /** What the workers are asked at a step. */
  readonly request: (step: number) => Request;
  /** Called after every step with its mean scalars (`loss` first). */
  readonly watch?: (step: number, scalars: readonly number[]) => void;
  /** Ends the fit after the step at hand, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Worker threads with one onnxruntime thread each, that see the same parameters in shared memory. Their gradients are
 * added in a fixed order, so that a run is the same bit for bit for one seed and number of workers.
 */
export class Team {
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
      await Promise.all(threads.map(nextAnswer));
    } catch (error) {
      await team.close();
      throw error;
    }
    return team;
  }

  /** Lowers the loss of a group of parameters, in place. */
  async fit({ group, steps, rate, request, watch, signal }: Fit): Promise<void> {
    const adam = new Adam(...this.layout.range(group));
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const answers = await this.#ask(() => request(step));
      adam.step(this.parameters, this.gradients, cosineRate(step, steps, rate));
      watch?.(
        step,
        answers[0]!.map((_, i) => answers.reduce((sum, values) => sum + values[i]!, 0) / answers.length),
      );
    }
  }

  /**
   * Runs episodes, spread over the workers; the final errors in the order of `options.episodes`. `signal` ends it after
   * a few of them.
   */
  async episodes(
    policy: Uint8Array,
    options: EpisodeOptions,
    { record, signal }: { readonly record?: number; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<number[]> {
    const count = this.workers.length;
    const portion = EPISODES_AT_ONCE * count;
    const errors: number[] = [];
    for (let from = 0; from < options.episodes.length; from += portion) {
      signal?.throwIfAborted();
      const portionOf = options.episodes.slice(from, from + portion);
      const answers = await this.#ask((worker) => {
        const episodes = portionOf.filter((_, i) => i % count === worker);
        const request = { kind: "episodes", policy, options: { ...options, episodes } } as const;
        return record === undefined ? request : { ...request, record };
      });
      errors.push(...portionOf.map((_, i) => answers[i % count]![Math.floor(i / count)]!));
    }
    return errors;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  /** Waits for every worker even where one fails: a worker inside a run cannot be ended. */
  async #ask(request: (worker: number) => Request): Promise<(readonly number[])[]> {
    const answers = await Promise.allSettled(
      this.workers.map((worker, i) => {
        worker.postMessage(request(i));
        return nextAnswer(worker);
      }),
    );
    return answers.map((answer) => {
      if (answer.status === "rejected") throw answer.reason;
      return answer.value;
    });
  }
}

/** Few, so that a training told to end ends soon. */
const EPISODES_AT_ONCE = 10;

function nextAnswer(worker: Worker): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off("message", answered).off("error", failed).off("exit", ended);
    };
    const answered = (answer: Answer): void => {
      settle();
      if ("failure" in answer) reject(new Error(`a training worker failed: ${answer.failure}`));
      else resolve(answer.values);
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    const ended = (code: number): void => failed(new Error(`a training worker ended with code ${code}`));
    worker.on("message", answered).on("error", failed).on("exit", ended);
  });
}
