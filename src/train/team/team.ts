import "../../runtime/no-telemetry.js";
import { Worker } from "node:worker_threads";
import type { DeviceInUse } from "../../runtime/device.js";
import { Adam, type AdamState, cosineRate } from "../network/adam.js";
import type { Group, Layout } from "../network/parameters.js";
import { sharedFloats } from "../network/parameters.js";
import type { Answer, MemberSetup, Request, Rows } from "./work.js";

/** One fit: `steps` steps with a cosine learning rate from `rate` down. */
export interface Fit {
  readonly group: Group;
  readonly steps: number;
  readonly rate: number;
  /** The request to the workers at a step. */
  readonly request: (step: number) => Request;
  /** The step to resume at, default 0, and the optimiser's state there. */
  readonly from?: number;
  readonly adam?: AdamState | undefined;
  /** Called after every step with its mean scalars (`loss` first); `adam` copies the optimiser's state. */
  readonly watch?: (step: number, scalars: readonly number[], adam: () => AdamState) => void | Promise<void>;
  /** Ends the fit after the current step, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Worker threads with one onnxruntime thread each, which share the parameters in memory. Their gradients are added in a
 * fixed order, so that a run is the same bit for bit for one seed and number of workers.
 */
export class Team {
  #fallback: string | undefined;
  #device: DeviceInUse = "cpu";

  private constructor(
    readonly layout: Layout,
    readonly parameters: Float32Array,
    private readonly workers: readonly Worker[],
    readonly gradients: readonly Float32Array[],
  ) {}

  /** Starts workers that run `script`, with a setup of their own as `workerData`. */
  static async start<S extends MemberSetup>(
    script: URL,
    layout: Layout,
    workers: number,
    setup: Omit<S, "worker" | "gradient"> & Pick<MemberSetup, "parameters">,
  ): Promise<Team> {
    const gradients = Array.from({ length: workers }, () => sharedFloats(layout.size));
    const threads = gradients.map((gradient, worker) => {
      return new Worker(script, { workerData: { ...setup, worker, gradient } });
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

  /** The device that trains the convolutions. */
  get device(): DeviceInUse {
    return this.#device;
  }

  /** The reason where the convolutions are trained on another device than the requested one. */
  get fallback(): string | undefined {
    return this.#fallback;
  }

  /** Lowers the loss of a group of parameters, in place. */
  async fit({ group, steps, rate, request, from = 0, adam: state, watch, signal }: Fit): Promise<void> {
    const adam = new Adam(...this.layout.range(group));
    if (state) adam.state = state;
    for (let step = from; step < steps; step++) {
      signal?.throwIfAborted();
      const answers = (await this.ask(() => request(step))).map(([scalars]) => scalars!);
      const mean = answers[0]!.map((_, i) => answers.reduce((sum, values) => sum + values[i]!, 0) / answers.length);
      adam.step(this.parameters, this.gradients, cosineRate(step, steps, rate));
      await watch?.(step, mean, () => adam.state);
    }
  }

  /** Spreads items over the workers, every n-th to each; returns one row an item, in their order. */
  async spread<T>(
    items: readonly T[],
    request: (items: readonly T[]) => Request,
    { signal, done }: Watch = {},
  ): Promise<Rows> {
    const count = this.workers.length;
    const portion = ITEMS_AT_ONCE * count;
    const rows: (readonly number[])[] = [];
    for (let from = 0; from < items.length; from += portion) {
      signal?.throwIfAborted();
      const portionOf = items.slice(from, from + portion);
      const answers = await this.ask((worker) => request(portionOf.filter((_, i) => i % count === worker)));
      rows.push(...portionOf.map((_, i) => answers[i % count]![Math.floor(i / count)]!));
      done?.(rows.length / items.length);
    }
    return rows;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  /**
   * Asks every worker at once, and returns their answers in their order. Waits for every worker even where one fails: a
   * worker inside a run cannot be stopped.
   */
  async ask(request: (worker: number) => Request): Promise<Rows[]> {
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

/** Progress and cancellation of work that is spread over the workers. */
export interface Watch {
  readonly signal?: AbortSignal | undefined;
  /** Called with the part that is done, 0 to 1. */
  readonly done?: ((part: number) => void) | undefined;
}

/** Items a worker gets at once: few, so that a cancelled training ends soon. */
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
