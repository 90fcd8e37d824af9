import { sizeOf } from "../../graph/shape.js";
import { sharedFloats } from "../network/parameters.js";
import { allocateStanding, type Standing } from "../ppo/rollout.js";
import type { Agent } from "./network.js";

/** Where worlds and the policy's state stand between two updates, in shared memory: one row a world. */
export interface AgentStanding extends Standing {
  /** Carried state, all of a world's one after another, [worlds, numbers of a state]. */
  readonly memory: Float32Array;
  /** Last action, as the training keeps it, and its reward, [worlds, width + 1]. */
  readonly told: Float32Array;
}

/** Names of the arrays, for checkpoints. */
const ARRAYS = ["states", "episodes", "observations", "memory", "told"] as const;

/** Numbers of a carried state. */
const memoryLength = ({ state }: Pick<Agent, "state">): number =>
  Object.values(state).reduce((sum, shape) => sum + sizeOf(shape), 0);

/** @param state numbers of a world's state */
export function allocateAgentStanding(worlds: number, state: number, agent: Agent): AgentStanding {
  return {
    ...allocateStanding(worlds, state, sizeOf(agent.image)),
    memory: sharedFloats(worlds * memoryLength(agent)),
    told: sharedFloats(worlds * (agent.head.width + 1)),
  };
}

export const copyOfStanding = (standing: AgentStanding): AgentStanding =>
  Object.fromEntries(ARRAYS.map((name) => [name, standing[name].slice()])) as unknown as AgentStanding;

export function setStanding(standing: AgentStanding, from: AgentStanding): void {
  for (const name of ARRAYS) standing[name].set(from[name] as never);
}
