import { own, put } from "../../own.js";
import type { Device } from "../../runtime/device.js";
import { Session, type TensorData } from "../../runtime/session.js";
import type { Layout } from "./parameters.js";
import type { StepModel } from "./step-model.js";

/** One compiled training step: copies parameters in and gradients of those that learn out of shared memory. */
export class Step {
  readonly #feeds: Record<string, TensorData> = {};

  private constructor(
    readonly model: StepModel,
    readonly session: Session,
    readonly layout: Layout,
  ) {
    for (const name of layout.names(model.group)) {
      const { shape, size } = layout.slots.get(name)!;
      put(this.#feeds, name, { dtype: "float32", shape, data: new Float32Array(size) });
    }
  }

  static async create(model: StepModel, layout: Layout, device: Device): Promise<Step> {
    return new Step(model, await Session.create(model.bytes, { threads: 1, spinning: false, device }), layout);
  }

  /** Writes the gradients of the parameters' loss on this batch to `gradient`; returns the model's scalars. */
  async run(
    batch: Readonly<Record<string, TensorData>>,
    parameters: Float32Array,
    gradient: Float32Array,
  ): Promise<number[]> {
    const { group, learned } = this.model;
    for (const name of this.layout.names(group))
      (own(this.#feeds, name)!.data as Float32Array).set(this.layout.view(parameters, name));
    const outputs = await this.session.run({ ...this.#feeds, ...batch });
    for (const name of this.layout.names(learned)) {
      this.layout.view(gradient, name).set(outputs[`gradient.${name}`]!.data as Float32Array);
    }
    return this.model.scalars.map((name) => (own(outputs, name)!.data as Float32Array)[0]!);
  }
}
