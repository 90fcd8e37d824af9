import { Explainer } from "../../explain/explainer.js";
import type { Explanation } from "../../explain/explanation.js";
import type { Policy } from "../../policy/policy.js";
import type { Progress } from "../progress.js";
import { type Course, CourseBuilder } from "./course.js";
import type { Episode, Tick } from "./episodes.js";

/** Called with an explanation and the tick that it explains. */
export type Each = (explanation: Explanation, tick: Tick) => void;

export interface CoursesOptions extends Progress {
  /** α of a tick. Default: as observed. */
  readonly importance?: (tick: Tick) => Float64Array;
  /** Explains every `stride`th tick of an episode. Default 1. */
  readonly stride?: number;
  /** `full` (default) computes heatmaps at every `mapStride`th tick, `shares` none: shares are the same. */
  readonly level?: "full" | "shares";
  /** Default 1. */
  readonly mapStride?: number;
  /** Called with each explanation that has heatmaps. */
  readonly each?: Each;
}

/** Explains recorded episodes by one method, in this thread. */
export class EpisodeExplainer {
  constructor(
    readonly policy: Policy,
    readonly method: string,
    private readonly explainer: Explainer,
  ) {}

  /** Shares along each episode. */
  async courses(episodes: readonly Episode[], options: CoursesOptions = {}): Promise<Course[]> {
    const { importance, stride = 1, level = "full", mapStride = 1, each, signal, done } = options;
    const courses: Course[] = [];
    for (const { ticks } of episodes) {
      const course = new CourseBuilder(ticks.length, this.policy.modalities.length);
      courses.push(course);
      for (let t = 0; t < ticks.length; t += stride) {
        signal?.throwIfAborted();
        const tick = ticks[t]!;
        const observed = tick.observation;
        const observation = importance ? { ...observed, importance: importance(tick) } : observed;
        const depth = level === "full" && t % mapStride === 0 ? "full" : "shares";
        const explanation = await this.explainer.explain(observation, { level: depth });
        course.put(t, explanation);
        if (depth === "full") each?.(explanation, tick);
        done?.();
      }
    }
    return courses;
  }
}

/** Gives `work` an explainer of episodes, and frees it after. */
export async function explaining<T>(
  policy: Policy,
  method: string,
  work: (explainer: EpisodeExplainer) => Promise<T>,
): Promise<T> {
  const explainer = await Explainer.create(policy, { levels: ["full", "shares"], method, threads: 1, worker: false });
  try {
    return await work(new EpisodeExplainer(policy, method, explainer));
  } finally {
    await explainer.close();
  }
}
