import type { Device, DeviceInUse } from "../../runtime/device.js";
import type { TensorData } from "../../runtime/session.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import type { EpisodeKind, Task } from "../../sim/tasks/task.js";
import type { Demonstrations } from "../episodes/demonstrations.js";
import type { Group } from "../network/parameters.js";
import type { StepModel } from "../network/step-model.js";

/** What every worker of a team is started with; the arrays are in shared memory. */
export interface MemberSetup {
  /** Counts from 0. */
  readonly worker: number;
  readonly parameters: Float32Array;
  /** Of this worker. */
  readonly gradient: Float32Array;
}

/** Start parameters of a worker; the arrays are in shared memory. */
export interface WorkerSetup extends MemberSetup {
  readonly seed: number;
  /** Names of the task and of the training algorithm. */
  readonly task: string;
  readonly algorithm: string;
  readonly spec: NetworkSpec;
  /** The training's episodes. */
  readonly episodes: EpisodeKind;
  readonly demonstrations: Demonstrations;
  readonly steps: readonly StepModel[];
  /** Device for the convolutions' training. */
  readonly device: Device;
}

/** A request to a worker: `kind` names the work that answers it. */
export interface Request {
  readonly kind: string;
}

/** The answer to a request: one row of a step's scalars, or one row an item. */
export type Rows = readonly (readonly number[])[];

/** A worker's message: rows, or the reason of a failure. The first one, without rows, names the device in use. */
export type Answer =
  | {
      readonly rows: Rows;
      readonly device?: DeviceInUse | undefined;
      /** The reason where another device than the requested one is in use. */
      readonly fallback?: string | undefined;
    }
  | { readonly failure: string };

/** The worker that does the work. */
export interface WorkerContext {
  readonly setup: WorkerSetup;
  /** The task with episodes of this kind, loaded on first use. */
  task(kind: EpisodeKind): Promise<Task>;
  /** Samples of the group's training step. */
  batch(group: Group): number;
  /** Runs the group's training step on a batch: writes the gradient to shared memory, returns the step's scalars. */
  step(group: Group, batch: Readonly<Record<string, TensorData>>): Promise<number[]>;
}

/** One kind of work. */
export interface Work {
  answer(request: Request): Promise<Rows>;
}

/** Every kind of work by its name in requests; each is set up once a worker. */
export type WorkTable = Readonly<Record<string, (worker: WorkerContext) => Work>>;

/** A tensor of zeros to fill. */
export const floats = (...shape: number[]): TensorData & { readonly data: Float32Array } => ({
  dtype: "float32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});
