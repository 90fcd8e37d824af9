import { ExplainerPool } from "../explain/explainer-pool.js";
import type { Explanation } from "../explain/explanation.js";
import type { Policy } from "../policy/policy.js";
import { type Course, CourseBuilder } from "./course.js";
import type { Episode, Tick } from "./episodes.js";

/** Explanations that are computed at the same time, each in its own thread. */
const JOBS = 2;

export interface ExplainingOptions {
  readonly method: string;
  /** α of a tick. Default: as observed. */
  readonly importance?: (tick: Tick) => Float64Array;
  /** Explains every `stride`th tick of an episode. Default 1. */
  readonly stride?: number;
  /** Called with each explanation, in any order. */
  readonly each?: (explanation: Explanation, tick: Tick) => void;
  readonly signal?: AbortSignal | undefined;
  readonly done?: (() => void) | undefined;
}

/** Explains the observations of episodes; returns a course for each episode. */
export async function explainEpisodes(
  policy: Policy,
  episodes: readonly Episode[],
  options: ExplainingOptions,
): Promise<Course[]> {
  const { method, importance, stride = 1, each, signal, done } = options;
  const courses = episodes.map(({ ticks }) => new CourseBuilder(ticks.length, policy.modalities.length));
  const jobs = episodes.flatMap(({ ticks }, e) =>
    ticks.flatMap((tick, t) => (t % stride === 0 ? [{ tick, t, course: courses[e]! }] : [])),
  );
  const pool = await ExplainerPool.create(policy, { jobs: JOBS, method, threads: 1, signal });
  try {
    let next = 0;
    const work = async () => {
      for (let job = jobs[next++]; job; job = jobs[next++]) {
        signal?.throwIfAborted();
        const { tick, t, course } = job;
        const { observation } = tick;
        const explanation = await pool.explain(
          importance ? { ...observation, importance: importance(tick) } : observation,
        );
        course.put(t, explanation);
        each?.(explanation, tick);
        done?.();
      }
    };
    await Promise.all(Array.from({ length: pool.size }, work));
  } finally {
    await pool.close();
  }
  return courses;
}
