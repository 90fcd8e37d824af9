import type { Explanation } from "../explain/explanation.js";
import { toHeader } from "./robot.js";
import type { SimulationMessage } from "./types.js";

export const SIMULATION = "torquelens/msg/Simulation";

/** State of the simulation; undefined where the observation is of none. */
export function toSimulation({ observation }: Pick<Explanation, "observation">): SimulationMessage | undefined {
  const { simulation } = observation;
  if (!simulation) return undefined;
  return {
    header: toHeader(observation),
    task: simulation.task,
    condition: simulation.condition,
    episode: simulation.episode,
    episode_tick: simulation.tick,
    episode_ticks: simulation.ticks,
    paused: simulation.isPaused,
    speed: simulation.speed,
    goal: Float64Array.from(simulation.goal),
    tip_link: simulation.tipLink,
    progress: simulation.progress,
    error: simulation.error,
    success: simulation.success,
    light: simulation.light,
    occlude: Uint32Array.from(simulation.occlude ?? []),
    wrench: Float64Array.from(simulation.wrench),
  };
}
