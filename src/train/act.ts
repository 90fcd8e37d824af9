import type { Session } from "../runtime/session.js";
import type { Task } from "../sim/tasks/task.js";
import { TENSORS } from "./export.js";

/** What the policy makes of what the task shows. */
export interface Action {
  /** N·m. */
  readonly torque: Float64Array;
  /** Feature points, [2C]; empty where the policy does not put them out. */
  readonly points: Float32Array;
  readonly configuration: Float32Array;
}

export type Act = (task: Task) => Promise<Action>;

/** A policy made by `exportPolicy`. */
export const actor =
  (policy: Session): Act =>
  async (task) => {
    const { image, values } = task.observe();
    const configuration = Float32Array.from(task.modalities.flatMap(({ name }) => [...values[name]!]));
    const outputs = await policy.run({
      [TENSORS.image]: { dtype: "uint8", shape: [1, task.height, task.width, 3], data: image },
      [TENSORS.configuration]: { dtype: "float32", shape: [1, configuration.length], data: configuration },
    });
    return {
      torque: Float64Array.from(outputs[TENSORS.torque]!.data as Float32Array),
      points: (outputs[TENSORS.points]?.data as Float32Array | undefined) ?? new Float32Array(0),
      configuration,
    };
  };
