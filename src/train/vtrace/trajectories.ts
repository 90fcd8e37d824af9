import { sizeOf } from "../../graph/shape.js";
import type { TensorData } from "../../runtime/session.js";
import { floats } from "../team/work.js";
import type { Agent } from "./network.js";

type Floats = TensorData & { readonly data: Float32Array };

/** A worker's trajectories as feeds of its training step, rows in the order of the steps. */
export interface Trajectories {
  readonly image: TensorData & { readonly data: Uint8Array };
  readonly previous_action: Floats;
  readonly previous_reward: Floats;
  /** 0 where what is seen is the first of an episode, [T + 1, B]. */
  readonly keeps: Floats;
  /** Before the first step. */
  readonly carried: Readonly<Record<string, Floats>>;
  readonly actions: Floats;
  /** Of the actions, under the policy that acted, [T, B]. */
  readonly logProbability: Floats;
  readonly rewards: Floats;
  readonly goesOn: Floats;
}

/** @param steps of each of `batch` trajectories */
export function allocateTrajectories({ image, head, state }: Agent, steps: number, batch: number): Trajectories {
  const rows = (steps + 1) * batch;
  return {
    image: { dtype: "uint8", shape: [rows, ...image], data: new Uint8Array(rows * sizeOf(image)) },
    previous_action: floats(rows, head.width),
    previous_reward: floats(rows, 1),
    keeps: floats(steps + 1, batch),
    carried: Object.fromEntries(Object.entries(state).map(([name, shape]) => [name, floats(batch, ...shape)])),
    actions: floats(steps * batch, head.width),
    logProbability: floats(steps, batch),
    rewards: floats(steps, batch),
    goesOn: floats(steps, batch),
  };
}

/** The feeds that a training step reads: without memory no state, and nothing of the steps before. */
export function feedsOfTrajectories({ carried, ...trajectories }: Trajectories): Readonly<Record<string, TensorData>> {
  const { image, actions, logProbability, rewards, goesOn, ...told } = trajectories;
  const remembers = Object.keys(carried).length > 0;
  return { image, actions, logProbability, rewards, goesOn, ...(remembers && { ...told, ...carried }) };
}
