import { own } from "../../own.js";
import { Session } from "../../runtime/session.js";
import type { Task, TaskObservation } from "../../sim/tasks/task.js";
import { TENSORS } from "../network/export.js";

/** The policy's answer to an observation. */
export interface Action {
  /** N·m. */
  readonly torque: Float64Array;
  /** What the network sees (`seenLength`); empty where the policy has no such output. */
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

/** The configuration that a policy is given, [n]. */
export const configurationOf = ({ modalities }: Pick<Task, "modalities">, { values }: TaskObservation): Float32Array =>
  Float32Array.from(modalities.flatMap(({ name }) => [...own(values, name)!]));

const actor =
  (policy: Session): Act =>
  async (task) => {
    const observed = task.observe();
    const configuration = configurationOf(task, observed);
    const outputs = await policy.run({
      [TENSORS.image]: { dtype: "uint8", shape: [1, task.height, task.width, 3], data: observed.image },
      [TENSORS.configuration]: { dtype: "float32", shape: [1, configuration.length], data: configuration },
    });
    return {
      torque: Float64Array.from(outputs[TENSORS.torque]!.data as Float32Array),
      points: (outputs[TENSORS.points]?.data as Float32Array | undefined) ?? new Float32Array(0),
      configuration,
    };
  };
