import { own } from "../../own.js";
import { Session } from "../../runtime/session.js";
import type { Task } from "../../sim/tasks/task.js";
import { TENSORS } from "../network/export.js";

/** The policy's answer to an observation. */
export interface Action {
  /** N·m. */
  readonly torque: Float64Array;
  /** Feature points, [2C]; empty where the policy has no such output. */
  readonly points: Float32Array;
  readonly configuration: Float32Array;
}

export type Act = (task: Task) => Promise<Action>;

/** Runs `use` with a policy made by `exportPolicy`. */
export async function withPolicy<T>(bytes: Uint8Array, use: (act: Act) => Promise<T>): Promise<T> {
  const policy = await Session.create(bytes, { threads: 1, spinning: false });
  try {
    return await use(actor(policy));
  } finally {
    await policy.release();
  }
}

const actor =
  (policy: Session): Act =>
  async (task) => {
    const { image, values } = task.observe();
    const configuration = Float32Array.from(task.modalities.flatMap(({ name }) => [...own(values, name)!]));
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
