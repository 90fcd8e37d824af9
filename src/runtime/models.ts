import type { DeviceInUse } from "./device.js";
import { Session, type SessionOptions, type TensorData } from "./session.js";

export type Tensors = Readonly<Record<string, TensorData>>;

/** One run of one model. */
export interface Step {
  readonly model: string;
  /** Inputs of this step only, in addition to the shared ones. */
  readonly feeds?: Tensors;
  /** The outputs to return; others are not copied. */
  readonly outputs: readonly string[];
}

/** Models that read the same inputs and run one after the other: in this thread, or in a worker. */
export interface Models {
  readonly device: DeviceInUse;
  /** The reason why the requested device is not in use, one line. */
  readonly fallback: string | undefined;
  /**
   * Runs the steps in order, after those of earlier calls. Each step's promise settles before the next step starts;
   * where one fails, later steps fail with it. A caller need not wait for all of them.
   */
  run(feeds: Tensors, steps: readonly Step[]): readonly Promise<Tensors>[];
  /** Waits for the runs under way, then frees everything. Safe to call twice. */
  release(): Promise<void>;
}

/** Models in this thread: `run` blocks it. */
export class LocalModels implements Models {
  #last: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | undefined;

  private constructor(private readonly sessions: ReadonlyMap<string, Session>) {}

  /**
   * @param models ONNX files by name, at least one
   * @throws InputError where onnxruntime refuses one
   */
  static async create(
    models: Readonly<Record<string, Uint8Array>>,
    options: SessionOptions = {},
  ): Promise<LocalModels> {
    const sessions = new Map<string, Session>();
    try {
      for (const [name, model] of Object.entries(models)) sessions.set(name, await Session.create(model, options));
    } catch (error) {
      for (const session of sessions.values()) await session.release();
      throw error;
    }
    return new LocalModels(sessions);
  }

  get device(): DeviceInUse {
    return this.#first.device;
  }

  get fallback(): string | undefined {
    return this.#first.fallback;
  }

  run(feeds: Tensors, steps: readonly Step[]): readonly Promise<Tensors>[] {
    if (this.#released) return observed(steps.map(() => Promise.reject(released())));
    let before: Promise<unknown> = this.#last;
    const results = steps.map(({ model, feeds: own, outputs }, i) => {
      const result = before
        .then(() => (i > 0 ? nextTurn() : undefined))
        .then(() => this.sessions.get(model)!.run({ ...feeds, ...own }, outputs));
      before = result;
      return result;
    });
    // Only the caller handles a failure.
    this.#last = before.catch(ignore);
    return observed(results);
  }

  release(): Promise<void> {
    this.#released ??= this.#last.then(async () => {
      for (const session of this.sessions.values()) await session.release();
    });
    return this.#released;
  }

  get #first(): Session {
    return this.sessions.values().next().value!;
  }
}

/** Lets callers that wait for a step's outputs continue before the next step takes the thread. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const released = (): Error => new Error("the inference session was released");

/** Keeps rejections that nobody waits for from ending the process. */
export function observed<T>(promises: readonly Promise<T>[]): readonly Promise<T>[] {
  for (const promise of promises) promise.catch(ignore);
  return promises;
}

const ignore = (): void => {};
