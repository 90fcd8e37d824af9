import type * as ort from "onnxruntime-node";
import { float32, type TensorData } from "#src/runtime/session.js";
import { feed, runModel } from "../../graph/onnx-model.js";
import type { RandomPolicy } from "./policy.js";

const STEP = 1.5e-3;

/** The difference of Σ|τ| along a direction. */
interface Slope {
  readonly value: number;
  /** What rounding may add. */
  readonly noise: number;
  /** False where the difference depends on the step: there is a kink. @param size of the gradient's terms */
  readonly isKnown: (size: number) => boolean;
}

/** A policy's file in onnxruntime as it is, without graph optimisations. */
export class Untouched {
  private constructor(
    readonly random: RandomPolicy,
    readonly feeds: Readonly<Record<string, ort.Tensor>>,
    readonly torque: Float32Array,
  ) {}

  static async of(random: RandomPolicy): Promise<Untouched> {
    const feeds = tensorsOf(random.feeds);
    const { torque } = await runModel(random.bytes, feeds);
    return new Untouched(random, feeds, torque!.data as Float32Array);
  }

  /** The slope of Σ|τ| along a direction in one input. */
  async slope(name: string, direction: Float32Array): Promise<Slope> {
    const between = async (step: number) =>
      ((await this.#size(name, step, direction)) - (await this.#size(name, -step, direction))) / (2 * step);
    const [value, wider] = [await between(STEP), await between(4 * STEP)];
    const size = this.torque.reduce((sum, torque) => sum + Math.abs(torque), 0);
    const noise = (2e-6 * (1 + size)) / STEP;
    return { value, noise, isKnown: (scale) => Math.abs(value - wider) <= 4e-3 * scale + noise };
  }

  async #size(name: string, step: number, direction: Float32Array): Promise<number> {
    const { data, shape } = this.random.feeds[name]!;
    const moved = float32(
      (data as Float32Array).map((x, i) => x + step * direction[i]!),
      shape,
    );
    const { torque } = await runModel(this.random.bytes, { ...this.feeds, ...tensorsOf({ [name]: moved }) });
    return (torque!.data as Float32Array).reduce((sum, each) => sum + Math.abs(each), 0);
  }
}

export const tensorsOf = (feeds: Readonly<Record<string, TensorData>>): Record<string, ort.Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, feed(dtype, shape, data as Float32Array)]),
  );
