import { input } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Random } from "../../sim/random.js";
import type { Parameters } from "../network/linear.js";
import type { Layout } from "../network/parameters.js";
import type { Head } from "../ppo/heads.js";

/** State that is carried from step to step, by name, [B, …]. */
export type Carried = Readonly<Record<string, Value>>;

/** What a policy gets over T steps of B episodes, rows in the order of the steps. */
export interface Seen {
  /** Bytes [T·B, C, H, W]. */
  readonly image: Value;
  /** The action taken before, as the training keeps it, [T·B, width], and its reward, [T·B, 1]; zeros at the first step. */
  readonly action: Value;
  readonly reward: Value;
  /** 0 where a step is the first of its episode, else 1, [T, B]; undefined where no step but the first can be. */
  readonly keeps: Value | undefined;
  /** Before the first step. */
  readonly carried: Carried;
}

/** A network that acts and estimates values, and may carry state from step to step. */
export interface Agent {
  readonly head: Head;
  readonly layout: Layout;
  /** Channels of all frames, and pixels of the image. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** Shapes of the carried state, by name, without the batch; none where the network has no memory. */
  readonly state: Readonly<Record<string, Shape>>;
  /** Writes the parameters that a training begins with. */
  initialise(vector: Float32Array, random: Random): void;
  /** One step: the policy's outputs [B, outputs], the value [B] and the state after it. */
  act(p: Parameters, seen: Seen): { readonly policy: Value; readonly value: Value; readonly carried: Carried };
  /**
   * T steps and what is seen after them, T + 1 rows of each episode: the policy's outputs [T·B, outputs] and values [T·B]
   * of the steps, and the value of what is seen last, [B].
   */
  unroll(p: Parameters, seen: Seen): { readonly policy: Value; readonly value: Value; readonly last: Value };
}

/** Graph inputs of `rows` steps of `batch` episodes, by name; those that the network reads. */
export function seenInputs({ image, head, state }: Agent, rows: number, batch: number): Seen {
  const count = rows * batch;
  return {
    image: input("image", "uint8", [count, ...image]),
    action: input("previous_action", "float32", [count, head.width]),
    reward: input("previous_reward", "float32", [count, 1]),
    keeps: rows > 1 ? input("keeps", "float32", [rows, batch]) : undefined,
    carried: Object.fromEntries(
      Object.entries(state).map(([name, shape]) => [name, input(name, "float32", [batch, ...shape])]),
    ),
  };
}

/** The inputs that there are: without memory the image alone. */
export function valuesOf({ image, action, reward, keeps, carried }: Seen): Value[] {
  const states = Object.values(carried);
  return states.length === 0 ? [image] : [image, action, reward, ...(keeps ? [keeps] : []), ...states];
}
