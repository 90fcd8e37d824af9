import { availableParallelism } from "node:os";
import type { DType } from "../graph/dtype.js";
import type { Shape } from "../graph/shape.js";
import type { Device, DeviceInUse } from "./device.js";
import { failedNode } from "./failed-node.js";
import { ort } from "./onnxruntime.js";
import { place } from "./place.js";

/** As onnxruntime types it; its own types need those of a browser. */
type TensorArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | string[];

/** A session's input or output: the typed array of its element type, row-major. */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorArray;
}

export interface SessionOptions {
  /** Threads of one operator. At most the machine's cores: more is slower. Default 2, or fewer cores. */
  readonly threads?: number;
  /** Device, default `cpu`. One that is not available falls back to the CPU: see `fallback`. */
  readonly device?: Device;
  /** True where idle threads spin. Off where several sessions share the cores. */
  readonly spinning?: boolean;
}

/**
 * An onnxruntime session. `run` blocks its thread despite its promise: next to a control loop, use a
 * worker. Keep one live session per process: two compete for the cores.
 */
export class Session {
  #running: Promise<void> = Promise.resolve();
  #released: Promise<void> | undefined;

  private constructor(
    private readonly session: ort.InferenceSession,
    readonly device: DeviceInUse,
    /** The reason why the requested device is not in use, one line. */
    readonly fallback: string | undefined,
  ) {}

  /** @throws InputError where onnxruntime refuses the model */
  static async create(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const { session, device, fallback } = await place(model, options.device ?? "cpu", {
      graphOptimizationLevel: "all",
      intraOpNumThreads: Math.min(options.threads ?? 2, availableParallelism()),
      interOpNumThreads: 1,
      // Errors are thrown too: onnxruntime need not print them.
      logSeverityLevel: 4,
      extra: {
        session: {
          intra_op: { allow_spinning: options.spinning === false ? "0" : "1" },
          // Probabilities of a sharp softmax underflow, and arithmetic on denormals takes a hundred times longer.
          set_denormal_as_zero: "1",
          // Quantised layers are computed as they are written: fused, they differ from it by steps of the quantisation.
          disable_quant_qdq: "1",
        },
      },
    });
    return new Session(session, device, fallback);
  }

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /**
   * Outputs by name. Feed arrays are read, never kept.
   * @param outputs those to fetch, all by default
   * @throws InputError that names the node which cannot run on these feeds
   */
  async run(
    feeds: Readonly<Record<string, TensorData>>,
    outputs: readonly string[] = this.outputNames,
  ): Promise<Record<string, TensorData>> {
    if (this.#released) throw new Error("the inference session was released");
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, data, shape }]) => [
        name,
        new ort.Tensor(dtype as ort.Tensor.Type, data as Float32Array, shape) as ort.Tensor,
      ]),
    );
    // onnxruntime runs in order: when the last run is done, all are.
    const running = this.session.run(tensors, outputs);
    this.#running = running.then(ignore, ignore);
    const results = await running.catch((error: unknown) => {
      throw failedNode(error);
    });
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        { dtype: tensor.type as DType, shape: tensor.dims, data: tensor.data },
      ]),
    );
  }

  /** Waits for the runs under way, then frees the session's memory and threads. Safe to call twice. */
  release(): Promise<void> {
    this.#released ??= this.#running.then(() => this.session.release());
    return this.#released;
  }
}

const ignore = (): void => {};

export const float32 = (data: ArrayLike<number>, shape: Shape): TensorData => ({
  dtype: "float32",
  shape,
  data: data instanceof Float32Array ? data : Float32Array.from(data),
});
