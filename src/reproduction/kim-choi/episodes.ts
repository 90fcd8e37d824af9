import { drive } from "../../evaluation/drive.js";
import type { Observation } from "../../explain/observation.js";
import type { Sink } from "../../explain/pipeline.js";
import type { Policy } from "../../policy/policy.js";
import type { Perturbation } from "../../sim/perturbations.js";
import { SimulatedSource } from "../../sim/source.js";
import type { Task } from "../../sim/tasks/task.js";

/** A recorded control step. */
export interface Tick {
  readonly observation: Observation;
  /** Label of each pixel of the camera's image (see `Sight`), [height × width]; at the ticks of `sightStride`. */
  readonly segmentation?: Uint8Array;
  /** α without contacts and limits, and by rollouts; where asked for. */
  readonly forms?: { readonly analytic: Float64Array; readonly rollout: Float64Array };
}

export interface Episode {
  /** Name of its start condition. */
  readonly condition: string;
  readonly ticks: readonly Tick[];
}

/** Episodes of a policy in closed loop, with their outcomes. */
export interface Recording {
  readonly episodes: readonly Episode[];
  readonly successes: number;
  /** Distance from the goal at the end of each, metres. */
  readonly finalErrors: readonly number[];
}

export interface RecordOptions {
  readonly seed: number;
  /** Number of episodes; the task's conditions take turns. */
  readonly episodes: number;
  readonly perturbations?: readonly Perturbation[] | undefined;
  /** The image is segmented at every so many ticks of an episode; default never. */
  readonly sightStride?: number | undefined;
  /** True to keep the other forms of α. */
  readonly withForms?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each control step. */
  readonly done?: (() => void) | undefined;
}

/** Runs a policy on its task and records its observations. Frees the task. */
export async function record(policy: Policy, task: Task, options: RecordOptions): Promise<Recording> {
  const { seed, episodes, perturbations = [], sightStride, withForms, signal, done } = options;
  const source = new SimulatedSource({ task, seed, episodes, perturbations, speed: 0 });
  const kept: { condition: string; ticks: Tick[] }[] = [];
  const keep: Sink = {
    write({ observation, torque }) {
      if (observation.first)
        kept.push({ condition: task.conditions[kept.length % task.conditions.length]!, ticks: [] });
      const { ticks } = kept.at(-1)!;
      const seen = sightStride !== undefined && ticks.length % sightStride === 0;
      const form = (name: "analytic" | "rollout") => task.importance(torque, name).importance;
      ticks.push({
        observation,
        ...(seen && { segmentation: task.sight().segmentation }),
        ...(withForms && { forms: { analytic: form("analytic"), rollout: form("rollout") } }),
      });
      done?.();
    },
    close: async () => {},
  };
  await drive(policy, source, keep, signal);
  signal?.throwIfAborted();
  const { successes, finalErrors } = source.summary();
  return { episodes: kept, successes, finalErrors };
}
